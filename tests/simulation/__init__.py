"""Days of a fleet: which alarms notify, when, and of what. Time is the simulation's own."""
