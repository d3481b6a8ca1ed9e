"""The account and the functions, as the handlers' tests use them."""

from tests.handlers.conftest import account, enforcing, lambdas

__all__ = ["account", "enforcing", "lambdas"]
