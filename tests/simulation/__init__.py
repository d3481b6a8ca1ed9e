"""Simulate days of a fleet of clusters: which alarms notify, and when. Time is simulated, too."""
