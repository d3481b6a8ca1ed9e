"""Golden vectors: every forged request with the answer expected for it."""
