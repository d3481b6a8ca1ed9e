"""The parts of the practice Kubernetes API; `sandbox.kubernetes` puts them together."""
