"""Tests: controlplane."""
