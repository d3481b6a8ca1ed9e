"""Contracts: the fake API server and a real control plane behave the same."""
