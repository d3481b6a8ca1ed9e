"""The documents' figures are held against the functions."""

from tests.handlers.conftest import account, enforcing, lambdas

__all__ = ["account", "enforcing", "lambdas"]
