"""Fixtures to compare the documents' figures with the functions and the template."""

from tests.handlers.conftest import account, enforcing, lambdas
from tests.template.conftest import template

__all__ = ["account", "enforcing", "lambdas", "template"]
