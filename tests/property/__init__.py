"""Properties: statements about all inputs, tried on random and mutated ones."""
