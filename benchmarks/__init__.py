"""Measure how fast the approver is; nothing here is asserted."""
