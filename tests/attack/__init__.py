"""Attacks: each test tries one, and says what the approver must do."""
