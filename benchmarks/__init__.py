"""How fast it is, measured; nothing here is asserted."""
