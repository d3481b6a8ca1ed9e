"""An approvable case isn't approved after any change for the worse.

The fields and their changes are in `tests.property.changes`.
"""

import base64
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast, get_args, get_type_hints

import pytest
from hypothesis import assume, example, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from pydantic import BaseModel

from cli.evaluate.saved_evidence import SavedEvidence, evaluate
from core import pkcs10
from core.acting import plan
from core.context import ReviewContext
from core.errors import (
    MalformedRequest,
)
from core.evidence import NO_EVIDENCE
from core.model import (
    CLUSTER_NAME,
    KUBELET_SERVING,
    Action,
    Case,
    Csr,
    Decision,
    Instance,
    Judged,
    San,
)
from core.settings import Mode, Policy, ReviewSettings
from core.signers import SIGNERS
from tests.builders import (
    ADDRESS,
    INSTANCE_ID,
    NODE,
    NOW,
    PROFILE,
    PUBLIC_ADDRESS,
    PUBLIC_NAME,
    ROLE,
    a_cluster,
    a_filed_csr,
    a_policy,
    a_subject,
    an_instance,
    names,
)
from tests.core.fakes import FakeFleet
from tests.property.assessed import assessed
from tests.property.changes import (
    APPROVABLE,
    CHANGES,
    FORBIDDING,
    IRRELEVANT,
    OF_WORKLOADS,
    OTHER_NODES,
    RECORDS,
    Scenery,
)

#: Hypothesis's examples of each rule: fewer than its default of 100, because there are many rules.
EXAMPLES = 60

_cluster_names = st.from_regex(CLUSTER_NAME, fullmatch=True).filter(lambda name: name != "prod")


def action(scenery: Scenery) -> Action | None:
    """Return a review's planned action, by all code from list to write; None at a gate."""
    signer = SIGNERS[KUBELET_SERVING]
    context = ReviewContext(scenery.cluster, scenery.settings, NOW, signer)
    fleet = FakeFleet((scenery.instance,), {PROFILE: scenery.role})
    evaluation = assessed(
        scenery.csr,
        scenery.request,
        context,
        lambda cases: {None: NO_EVIDENCE, **signer.gather(cases, fleet, None)},
        scenery.edited,
    )
    return None if evaluation is None else plan(evaluation, scenery.settings, Mode.ENFORCE)


# --- one field at a time -------------------------------------------------------------------------


def test_the_case_to_start_from_is_approved() -> None:
    """The unchanged case is approved, so that the changes make the difference."""
    assert action(APPROVABLE) is Action.APPROVED


def _records_within(kind: Any, known: frozenset[type[Any]] = frozenset()) -> frozenset[type[Any]]:
    """Return the record and all that its fields may hold."""
    if kind in known:
        return known
    is_record = isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, BaseModel))
    if is_record:
        known |= {kind}
    for inner in get_type_hints(kind).values() if is_record else get_args(kind):
        known = _records_within(inner, known)
    return known


def test_every_record_that_a_case_may_hold_is_known_here() -> None:
    """A new record in another one must be listed here with the purpose of its fields."""
    known = {*RECORDS.values(), *FORBIDDING, *OF_WORKLOADS, Policy}

    assert known == _records_within(Case)


def test_every_field_is_changed_or_declared_irrelevant() -> None:
    """A new field must be listed here with its purpose."""
    known = {f"{name}.{field.name}" for name, kind in RECORDS.items() for field in fields(kind)}
    known |= {f"settings.{name}" for name in ReviewSettings.model_fields}

    assert set() == CHANGES.keys() & IRRELEVANT.keys()
    assert sorted(known) == sorted(CHANGES.keys() | IRRELEVANT.keys())


@pytest.mark.parametrize("field", CHANGES)
@given(data=st.data())
@tried(max_examples=EXAMPLES, deadline=None)
def test_a_change_for_the_worse_is_never_approved(field: str, data: st.DataObject) -> None:
    """No value of any single field's changes is approved."""
    value = data.draw(CHANGES[field], label=field)

    assert action(APPROVABLE.changed(field, value)) is not Action.APPROVED


@pytest.mark.parametrize("record", FORBIDDING)
@given(data=st.data())
@tried(max_examples=EXAMPLES, deadline=None)
def test_unknown_or_unreadable_evidence_is_never_approved(
    record: type[Any], data: st.DataObject
) -> None:
    """An unknown or unreadable record prevents an approval with any values of its fields."""
    field, put = FORBIDDING[record]
    value = put(data.draw(st.builds(record)))

    assert action(APPROVABLE.changed(field, value)) is not Action.APPROVED


@pytest.mark.parametrize("field", IRRELEVANT)
def test_a_field_declared_irrelevant_is_irrelevant(field: str) -> None:
    """Each field in the table can change without changing the verdict."""
    assert action(APPROVABLE.changed(field, IRRELEVANT[field].value)) is Action.APPROVED


def _record(field: str) -> str:
    """Return the record of a field; nested records count as one."""
    record = field.partition(".")[0]
    return {
        "interface": "instance",
        "address": "instance",
        "attribute": "request",
        "dns": "request",
        "ip": "request",
        "condition": "csr",
        "identity": "case",
        "peers": "case",
    }.get(record, record)


_PAIRS = [
    (change, other)
    for change in CHANGES
    for other in CHANGES
    if _record(change) < _record(other)
    # Together they only shift the case in time.
    and (change, other) != ("case.now", "csr.created")
    # A changed requester may claim exactly the other record's changed value.
    and not ("csr." in change and _record(other) in ("instance", "request", "role"))
    and (_record(change), _record(other)) != ("cluster", "instance")
]


@given(data=st.data(), pair=st.sampled_from(_PAIRS))
@tried(max_examples=600, deadline=None)
def test_two_changes_for_the_worse_are_never_approved(
    data: st.DataObject, pair: tuple[str, str]
) -> None:
    """No refusal cancels another."""
    changed, drawn = APPROVABLE, list[Any]()
    for field in pair:
        value = data.draw(CHANGES[field], label=field)
        assume(value not in drawn)  # the requested address may be the one that EC2 now shows
        drawn.append(value)
        changed = changed.changed(field, value)

    assert action(changed) is not Action.APPROVED


_others_tags = st.dictionaries(
    st.one_of(
        st.sampled_from(("eks:cluster-name", "eks:eks-cluster-name", "aws:eks:cluster-name")),
        _cluster_names.map("kubernetes.io/cluster/{}".format),
    ),
    _cluster_names,
    min_size=1,
)


@given(tags=_others_tags, loose=st.sets(st.sampled_from(("vpc", "tag"))))
@tried(max_examples=EXAMPLES, deadline=None)
def test_an_instance_with_the_tags_of_other_clusters_alone_is_never_approved(
    tags: dict[str, str], loose: set[str]
) -> None:
    """Neither `ALLOW_OTHER_VPCS` nor `REQUIRE_CLUSTER_TAG` changes that."""
    changed = (
        APPROVABLE.changed("instance.tags", tags)
        .changed("settings.allow_other_vpcs", "vpc" in loose)
        .changed("settings.require_cluster_tag", "tag" not in loose)
    )

    assert action(changed) is not Action.APPROVED


@given(name=_cluster_names)
@tried(max_examples=EXAMPLES, deadline=None)
def test_an_instance_that_aws_tagged_as_another_clusters_is_never_approved(name: str) -> None:
    """Other tags may have been added by anyone, so AWS's own tag outweighs them all."""
    tags = dict(APPROVABLE.instance.tags) | {"aws:eks:cluster-name": name}

    assert action(APPROVABLE.changed("instance.tags", tags)) is not Action.APPROVED


_OWN = names(NODE, ADDRESS, PUBLIC_ADDRESS, PUBLIC_NAME, INSTANCE_ID, "10.0.1.77")


@given(
    sans=st.lists(st.sampled_from(_OWN), min_size=1, unique=True).map(tuple), public=st.booleans()
)
@tried(max_examples=EXAMPLES, deadline=None)
def test_what_ec2_shows_on_the_instance_is_never_denied(
    sans: tuple[San, ...], *, public: bool
) -> None:
    """A name or address that the policy doesn't accept is no proof: it is left."""
    changed = APPROVABLE.changed("settings.allow_public_addresses", public)

    assert action(changed.changed("request.sans", sans)) in (Action.APPROVED, Action.LEFT)


@given(node=OTHER_NODES, too=st.booleans())
@tried(max_examples=EXAMPLES, deadline=None)
def test_a_consistent_but_false_name_is_never_approved(node: str, *, too: bool) -> None:
    """Another username, CN and DNS name that agree don't match EC2's instance."""
    username = f"system:node:{node}"
    subject = a_subject(("2.5.4.10", "system:nodes"), ("2.5.4.3", username))
    changed = APPROVABLE.changed("csr.username", username).changed("request.subject", subject)
    if too:
        changed = changed.changed("request.sans", names(node, ADDRESS))

    assert action(changed) is not Action.APPROVED


# --- bytes ---------------------------------------------------------------------------------------

FILED = a_filed_csr()
PEM = cast("bytes", FILED.request)
DER = base64.b64decode(b"".join(PEM.splitlines()[1:-1]))
SAVED = SavedEvidence((an_instance(),), {PROFILE: ROLE}, a_cluster())


def decision(csr: Csr) -> Decision | None:
    [answer] = evaluate([csr], SAVED, a_policy(), NOW, decided=False)
    assert isinstance(answer, Judged)
    return None if answer.verdict is None else answer.verdict.decision


def pem(content: bytes) -> bytes:
    lines = base64.encodebytes(content)
    begin, end = PEM.splitlines(keepends=True)[0], PEM.splitlines(keepends=True)[-1]
    return begin + lines + end


def test_the_bytes_to_start_from_are_approved() -> None:
    """The original is approved, also in this test's PEM frame."""
    assert decision(FILED) is Decision.APPROVE
    assert decision(replace(FILED, request=pem(DER))) is Decision.APPROVE


@given(at=st.integers(0, len(DER) - 1), bits=st.integers(1, 255))
@tried(max_examples=1_500, deadline=None)
def test_a_request_with_a_changed_byte_is_never_approved(at: int, bits: int) -> None:
    """Each byte is signed, or part of the signature, or of the frame of the two."""
    changed = bytearray(DER)
    changed[at] ^= bits

    assert decision(replace(FILED, request=pem(bytes(changed)))) is not Decision.APPROVE


@given(
    at=st.integers(0, len(PEM)),
    cut=st.integers(0, 2),
    put=st.one_of(st.binary(max_size=2), st.sampled_from((b"\n", b"\r\n", b"=", b"-----BEGIN"))),
)
@example(at=0, cut=0, put=b"x")
@tried(max_examples=1_500, deadline=None)
def test_a_changed_text_is_approved_only_if_it_reads_the_same(
    at: int, cut: int, put: bytes
) -> None:
    """Only line ends may move."""
    text = PEM[:at] + put + PEM[at + cut :]

    if decision(replace(FILED, request=text)) is Decision.APPROVE:
        assert pkcs10.read(PEM) == pkcs10.read(text)


@given(st.binary(max_size=300))
@tried(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """The parser raises no other exception, for bytes in a PEM frame or not."""
    for request in (content, pem(content), pem(DER[:40] + content)):
        with pytest.raises(MalformedRequest):
            pkcs10.read(request)


def test_the_names_here_are_those_of_the_case() -> None:
    """The builders' case requests one name and one address."""
    assert names(NODE, ADDRESS) == APPROVABLE.request.sans


# --- nodes known by name --------------------------------------------------------------------------

_BY_NAME = a_policy(allow_name_identity=True, allow_other_vpcs=True)
_ELSEWHERE = st.builds(
    an_instance,
    id=st.sampled_from(("i-0bbbbbbbbbbbbbbbb", "i-0cccccccccccccccc")),
    vpc_id=st.sampled_from(("vpc-other", "vpc-third")),
    private_dns_name=st.sampled_from((NODE, f"{INSTANCE_ID}.eu-west-1.compute.internal")),
    tags=st.sampled_from(({}, {"kubernetes.io/cluster/dev": "owned"}, {"eks:cluster-name": "a"})),
    profile_arn=st.just(PROFILE),
)


@given(
    node=st.sampled_from((NODE, INSTANCE_ID, f"{INSTANCE_ID}.eu-west-1.compute.internal")),
    others=st.lists(_ELSEWHERE, max_size=3, unique_by=lambda one: one.id),
    is_there=st.booleans(),
)
@tried(max_examples=EXAMPLES, deadline=None)
def test_a_node_known_by_name_is_approved_by_its_own_clusters_instance_alone(
    node: str, others: list[Instance], *, is_there: bool
) -> None:
    """Instances of other clusters with its name change nothing, wherever they are."""
    csr = a_filed_csr(node=node, dns=(node,), extra={})
    instances = (*others, *((an_instance(),) if is_there else ()))
    saved = replace(SAVED, instances=instances)

    [answer] = evaluate([csr], saved, _BY_NAME, NOW, decided=False)

    assert isinstance(answer, Judged)
    assert is_there == (answer.verdict.decision is Decision.APPROVE)
    assert Decision.DENY is not answer.verdict.decision
