"""The threat model's proof: each defence is taken away in turn, and its named test must fail."""
