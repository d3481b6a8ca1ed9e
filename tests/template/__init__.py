"""Tests: template."""
