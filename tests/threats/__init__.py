"""Prove the threat model: without each of its defences, the test named for it fails."""
