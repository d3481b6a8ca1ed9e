"""The account and the functions, as the handlers' own tests have them."""

from tests.handlers.conftest import account, enforcing, lambdas

__all__ = ["account", "enforcing", "lambdas"]
