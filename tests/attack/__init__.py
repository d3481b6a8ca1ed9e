"""Attacks: each test is one that was tried, and says what must come of it."""
