"""The order of lists, evidence and checks changes neither the verdicts nor what is written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from core.checks import KUBELET_SERVING_CHECKS
from core.decision import decide
from core.model import Csr, Instance, NetworkInterface, Verdict
from tests.core.check_cases import EXAMPLES, CheckExample
from tests.core.fakes import FakeWorld
from tests.property.busy import (
    INSTANCES,
    ITEMS,
    WRITTEN,
    Item,
    a_world,
    asked,
    reviewed,
    written,
)

Element = TypeVar("Element")

_ORDERS = st.randoms(use_true_random=False)


def shuffled(random: Random, elements: Sequence[Element]) -> tuple[Element, ...]:
    return tuple(random.sample(elements, len(elements)))


def shuffled_map(random: Random, elements: Mapping[str, Element]) -> dict[str, Element]:
    return dict(shuffled(random, list(elements.items())))


# --- of checks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.id)
@given(random=_ORDERS)
@tried(max_examples=10, deadline=None)
def test_the_order_of_checks_doesnt_change_the_decision(
    example: CheckExample, random: Random
) -> None:
    """The order changes only which refusals are listed when a gate ends the judging."""
    order = shuffled(random, KUBELET_SERVING_CHECKS)
    straight = decide(example.case, KUBELET_SERVING_CHECKS)
    turned = decide(example.case, order)

    assert straight.decision is turned.decision
    if not any(check.run(example.case) for check in order if check.gate):
        assert Counter(straight.refusals) == Counter(turned.refusals)
        assert sorted(straight.not_run) == sorted(turned.not_run)


# --- of the list and of the evidence -------------------------------------------------------------


def _turned_interface(random: Random, interface: NetworkInterface) -> NetworkInterface:
    return replace(
        interface,
        ipv4=shuffled(random, interface.ipv4),
        ipv6=shuffled(random, interface.ipv6),
        prefixes=shuffled(random, interface.prefixes),
    )


def _turned_instance(random: Random, instance: Instance) -> Instance:
    interfaces = [_turned_interface(random, interface) for interface in instance.interfaces]
    tags = shuffled_map(random, instance.tags)
    return replace(instance, tags=tags, interfaces=shuffled(random, interfaces))


def _story(world: FakeWorld) -> dict[str, Any]:
    """Return all that is recorded of a run except the order and the evidence."""
    [run] = world.ledger.runs
    return {
        "records": {
            record.evaluation.case.csr.name: (record.action, record.evaluation.verdict)
            for record in world.ledger.records
        },
        "findings": {finding.csr.name: (finding.state, finding.detail) for finding in run.findings},
        "gated": run.gated,
        "unreadable": Counter(run.unreadable),
    }


@given(random=_ORDERS)
@tried(max_examples=30, deadline=None)
def test_the_order_of_the_list_and_of_the_evidence_changes_nothing(random: Random) -> None:
    """The writes, their exact text and order, and the records stay the same."""
    straight, turned = (
        a_world(),
        a_world(
            shuffled(random, ITEMS),
            shuffled(random, [_turned_instance(random, instance) for instance in INSTANCES]),
        ),
    )

    reviewed(straight.ports)
    reviewed(turned.ports)

    assert list(WRITTEN) == written(straight.api.written)
    assert straight.api.written == turned.api.written
    assert _story(straight) == _story(turned)


# --- within one CSR ------------------------------------------------------------------------------


def _turned_csr(random: Random, item: Item) -> Item:
    if not isinstance(item, Csr):
        return item
    return replace(
        item,
        groups=shuffled(random, item.groups),
        usages=shuffled(random, item.usages),
        extra=shuffled_map(random, item.extra),
        conditions=shuffled(random, item.conditions),
    )


def _gist(verdict: Verdict | None) -> object:
    """Return a verdict without details, which list values in the requested order."""
    assert verdict is not None
    return verdict.decision, [
        (refusal.check, refusal.effect, refusal.reason) for refusal in verdict.refusals
    ]


def _gists(world: FakeWorld) -> dict[str, object]:
    reviewed(world.ports)
    return {
        record.evaluation.case.csr.name: _gist(record.evaluation.verdict)
        for record in world.ledger.records
    }


@given(random=_ORDERS)
@tried(max_examples=20, deadline=None)
def test_the_order_within_a_csr_changes_nothing(random: Random) -> None:
    """Groups, usages, conditions and the identity's keys are unordered."""
    straight, turned = a_world(), a_world([_turned_csr(random, item) for item in ITEMS])

    assert _gists(straight) == _gists(turned)
    assert list(WRITTEN) == written(turned.api.written)


_OWN = ("ip-10-0-3-1.eu-west-1.compute.internal", "i-00000000000000001.eu-west-1.compute.internal")
_ADDRESSES = ("10.0.3.1", "198.51.100.1", "2001:db8::1")


@pytest.mark.parametrize(
    ("dns", "ips"),
    [
        pytest.param(_OWN, _ADDRESSES, id="own"),
        pytest.param((*_OWN, "other.example"), (*_ADDRESSES, "10.9.9.9", "10.0.4.1"), id="foreign"),
        pytest.param(_OWN, (*_ADDRESSES, "10.0.4.1", "10.0.7.1", "192.0.2.1"), id="a-pods"),
    ],
)
@given(data=st.data())
@tried(max_examples=15, deadline=None)
def test_the_order_of_names_changes_nothing(
    dns: tuple[str, ...], ips: tuple[str, ...], data: st.DataObject
) -> None:
    """Names are compared as a set."""
    orders = (data.draw(st.permutations(dns)), data.draw(st.permutations(ips)))
    straight, turned = (a_world([asked(1, dns=d, ips=i)]) for d, i in ((dns, ips), orders))

    assert _gists(straight) == _gists(turned)
    assert written(straight.api.written) == written(turned.api.written)
