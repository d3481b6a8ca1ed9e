"""The parts of the fake API server; `sandbox.kubernetes` puts them together."""
