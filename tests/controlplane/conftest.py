"""The account and the functions of the tests of faults."""

from tests.faults.conftest import account, lambdas

__all__ = ["account", "lambdas"]
