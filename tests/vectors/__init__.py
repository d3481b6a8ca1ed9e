"""Golden vectors: every forged request with its expected verdict."""
