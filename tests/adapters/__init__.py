"""Tests of the adapters, against servers on loopback."""
