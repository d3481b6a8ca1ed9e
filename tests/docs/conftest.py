"""Fixtures to compare the documents' figures with the functions."""

from tests.handlers.conftest import account, enforcing, lambdas

__all__ = ["account", "enforcing", "lambdas"]
