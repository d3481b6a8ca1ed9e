"""Go parses every request that our parser accepts the same, and accepts all that pass our checks.

The API server and the signer are Go programs. If we saw other names in a request than they do, the
certificate would have names that were never checked. So these tests compare the two parsers on
every forged attack, on cryptography's own vectors, on mutants and on generated requests.

Two claims:

1. A request that our parser accepts, Go refuses (then it is never signed) or parses the same.
2. A request that also passes all its checks, Go accepts, with a valid signature.

Needs Go. `FUZZ_SECONDS=600` continues with new seeds for 300 s; `FUZZ_SEED` repeats one.
"""

import base64
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from random import Random

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import pkcs10
from core.checks import request as checks
from core.errors import MalformedRequest
from core.model import DnsName, IpName, KeyRule, OtherName, Pkcs10, StringType
from sandbox.csr_builder import ATTACKS, VALID, CatalogueEntry, CsrBuilder, Names, keys
from sandbox.csr_builder import der as d
from sandbox.csr_builder import request as csr_builder
from tests.builders import a_case, a_csr
from tests.property import der_mutations
from tests.property.fuzzing import repeatable, seeds
from tests.property.large import API_LIMIT, FITS, HUGE, LARGE
from tests.real.gocsr import GoReader, GoView

GOOD = Names("ip-10-0-1-10.ec2.internal", ("ip-10-0-1-10.ec2.internal",), ("10.0.1.10",))
EVIL = Names("ip-10-0-1-20.ec2.internal", ("ip-10-0-1-20.ec2.internal",), ("10.0.1.20",))
CATALOGUE = (*VALID, *ATTACKS)
MUTANTS = 15_000
EXAMPLES = 1_000
BATCH = 500

_COMMON_NAME = "2.5.4.3"
_TAGS = {StringType.PRINTABLE: 0x13, StringType.UTF8: 0x0C}
_OF_THE_REQUEST = (
    checks.request_well_formed,
    checks.key,
    checks.signature,
    checks.subject,
    checks.extensions,
    checks.san_kinds,
)


# --- the comparison ------------------------------------------------------------------------------


def read(pem: bytes) -> Pkcs10 | None:
    """Return our parser's result; None when it refuses. Any other exception fails the test."""
    try:
        return pkcs10.read(pem)
    except MalformedRequest:
        return None


def passes(ours: Pkcs10) -> bool:
    """Return whether all checks of the request pass, for a requester with its common name."""
    claimed = [attribute.value for attribute in ours.subject if attribute.oid == _COMMON_NAME]
    case = a_case(csr=a_csr(username="".join(claimed)), request=ours)
    return all(check(case) is None for check in _OF_THE_REQUEST)


def differences(ours: Pkcs10, theirs: GoView) -> list[str]:
    """Return the differences in a request that both accept."""
    pairs = {
        "subject": (_our_subject(ours), _their_subject(theirs)),
        "DNS names": (tuple(map(_bytes, ours.dns)), theirs.dns_names),
        "addresses": (tuple(ip.packed for ip in ours.addresses), theirs.ip_addresses),
        "emails": (tuple(map(_bytes, _others(ours, "RFC822Name"))), theirs.email_addresses),
        "URIs": (len(_others(ours, "UniformResourceIdentifier")), len(theirs.uris)),
        "extensions": (ours.extensions, theirs.extensions),
    }
    if ours.key.rule is KeyRule.ALLOWED:
        # The key as it is, and as Go encodes it again: only one encoding is allowed.
        pairs["key"] = ((ours.key.spki,) * 2, (theirs.spki, theirs.canonical_spki))
    return [f"{what}: {our} != {their}" for what, (our, their) in pairs.items() if our != their]


def _our_subject(ours: Pkcs10) -> list[tuple[int, str, int, bytes]]:
    """Return the subject; strings of other types without value, as none passes the checks."""
    return [
        (attribute.rdn, attribute.oid, _TAGS[attribute.string_type], _bytes(attribute.value))
        if attribute.string_type in _TAGS
        else (attribute.rdn, attribute.oid, 0, b"")
        for attribute in ours.subject
    ]


def _their_subject(theirs: GoView) -> list[tuple[int, str, int, bytes]]:
    return [
        (position, name.oid, name.tag, name.value)
        if name.tag in _TAGS.values()
        else (position, name.oid, 0, b"")
        for position, rdn in enumerate(theirs.subject)
        for name in rdn
    ]


def _others(ours: Pkcs10, kind: str) -> list[str]:
    return [san.value for san in ours.sans if isinstance(san, OtherName) and san.kind == kind]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def disagreement(ours: Pkcs10, theirs: GoView) -> list[str]:
    """Return all contradictions of the two claims."""
    found = differences(ours, theirs) if theirs.accepted else []
    if passes(ours):
        if not theirs.accepted:
            found.append(f"passes our checks, Go refuses: {theirs.error}")
        elif not theirs.signature_valid:
            found.append(f"passes our checks, Go on the signature: {theirs.signature_error}")
        claimed = [attribute.value for attribute in ours.subject if attribute.oid == _COMMON_NAME]
        if theirs.accepted and (
            [theirs.common_name] != [_bytes(name) for name in claimed]
            or theirs.organization != (b"system:nodes",)
        ):
            found.append(f"Go takes it for {theirs.common_name!r} of {theirs.organization}")
    return found


@dataclass
class Tally:
    """How many requests were examined, accepted by our parser, and passed by our checks."""

    examined: int = 0
    accepted: int = 0
    passed: int = 0


def examine(go: GoReader, pems: Sequence[bytes], tally: Tally) -> None:
    """Compare both parsers, and fail at the first disagreement."""
    for pem, theirs in zip(pems, go.read_many(pems), strict=True):
        tally.examined += 1
        try:
            ours = read(pem)
        except Exception as error:
            error.add_note(f"the request: {pem.hex()}\nGo: {theirs}")
            raise
        if ours is None:
            continue
        tally.accepted += 1
        tally.passed += passes(ours)
        found = disagreement(ours, theirs)
        assert not found, f"{found}\nthe request: {pem.hex()}\nwe: {ours}\nGo: {theirs}"


# --- what both must agree on ---------------------------------------------------------------------


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.id)
def test_on_each_catalogued_request_our_reader_agrees_with_go_or_refuses(
    go: GoReader, entry: CatalogueEntry
) -> None:
    """Our reader returns what Go's does for each entry of the catalogue, or refuses it."""
    examine(go, [entry.build(GOOD, EVIL)], Tally())


@pytest.mark.parametrize("entry", VALID, ids=lambda entry: entry.id)
def test_valid_requests_pass_both(go: GoReader, entry: CatalogueEntry) -> None:
    """Every valid request passes our checks and Go's parser, including its signature."""
    pem = entry.build(GOOD, EVIL)
    ours = read(pem)

    assert ours is not None
    assert passes(ours)
    assert go.read(pem).signature_valid


def _cryptography_requests() -> list[str]:
    """Return the paths of all requests that cryptography ships as vectors."""
    root = Path(cryptography_vectors.__file__).parent
    return sorted(
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file()
        and (
            b"CERTIFICATE REQUEST-----" in path.read_bytes()
            or (path.parent.name == "requests" and path.suffix == ".der")
        )
    )


@pytest.mark.parametrize("name", _cryptography_requests())
def test_the_readers_agree_on_the_vectors_of_cryptography(go: GoReader, name: str) -> None:
    """On requests of cryptography's own tests, the two parsers agree or ours refuses."""
    with cryptography_vectors.open_vector_file(name, "rb") as file:
        content = file.read()

    examine(go, [content, csr_builder.pem(content), csr_builder.pem(_der_of(content))], Tally())


def test_there_are_vectors_of_cryptography() -> None:
    """The vectors of cryptography are found, in both encodings."""
    names = _cryptography_requests()

    assert len(names) >= 20
    assert {".pem", ".der"} <= {Path(name).suffix for name in names}


@pytest.mark.parametrize("name", LARGE)
def test_the_readers_agree_on_large_requests(go: GoReader, name: str) -> None:
    """The readers agree on requests of our largest size, and of the API server's largest size."""
    examine(go, [LARGE[name](FITS)], Tally())
    if name in HUGE:
        examine(go, [LARGE[name](API_LIMIT)], Tally())


# --- mutants -------------------------------------------------------------------------------------


def _der_of(pem: bytes) -> bytes:
    """Return the DER in the last block; nothing where there is none."""
    blocks = re.findall(rb"-----BEGIN [A-Z ]+-----\r?\n(.*?)-----END", pem, re.DOTALL)
    try:
        return base64.b64decode(blocks[-1]) if blocks else b""
    except ValueError:
        return b""


class Mutants:
    """Mutants of the catalogue; some are signed again, so that their signatures are valid."""

    _KEYS = (
        keys.ecdsa("mutants"),
        keys.ecdsa("mutants"),
        keys.ecdsa("mutants"),
        keys.ed25519_key("mutants"),
        keys.rsa_key("rsa-2048"),
    )
    _LARGEST = 3_000

    def __init__(self, seed: int) -> None:
        self.begin_again(seed)
        built = [attack.build(GOOD, EVIL) for attack in CATALOGUE]
        found = {_der_of(pem) for pem in built if len(pem) < self._LARGEST} - {b""}
        self._ders = sorted(found)
        self._infos = sorted(filter(None, map(_info, self._ders)))

    def begin_again(self, seed: int) -> None:
        """Continue with the mutants of this seed."""
        self._random = Random(seed)  # noqa: S311 - to repeat mutants

    def batch(self, size: int) -> list[bytes]:
        return [self._mutant() for _ in range(size)]

    def _mutant(self) -> bytes:
        random = self._random
        if random.random() < 0.01:
            return self._stretched()
        original = random.choice(self._ders)
        match random.randrange(8):
            case 0 | 1:
                other = csr_builder.pem(random.choice(self._ders))
                return der_mutations.edit_pem(random, csr_builder.pem(original), other)
            case 2:
                return csr_builder.pem(der_mutations.edit_bytes(random, original))
            case 3:
                return csr_builder.pem(der_mutations.edit_elements(random, original))
            case 4:
                return self._signed(der_mutations.edit_bytes)
            case _:
                return self._signed(der_mutations.edit_elements)

    def _stretched(self) -> bytes:
        """Return a mutant with one large part, up to the largest size that we parse."""
        size = self._random.choice((500, 4_000, FITS - self._LARGEST))
        if self._random.random() < 0.5:
            return csr_builder.pem(
                der_mutations.stretch(self._random, self._random.choice(self._ders), size)
            )
        return self._signed(lambda random, info: der_mutations.stretch(random, info, size))

    def _signed(self, edit: der_mutations.Edit) -> bytes:
        """Return the part that is signed, edited, and signed by the key put into it before."""
        key = self._random.choice(self._KEYS)
        (info,) = der_mutations.parse(self._random.choice(self._infos))
        info.children = [*(info.children or ())]
        if len(info.children) > 2:
            (info.children[2],) = der_mutations.parse(key.spki)
        return csr_builder.pem(CsrBuilder(key).sign(edit(self._random, info.encode())))


def _info(der: bytes) -> bytes:
    try:
        (request,) = der_mutations.parse(der)
    except ValueError:
        return b""
    return request.children[0].encode() if request.children else b""


def test_the_readers_agree_on_mutants(go: GoReader) -> None:
    """On thousands of mutants, the two parsers agree or ours refuses."""
    tally = Tally()
    mutants = Mutants(seed=0)
    for _ in range(MUTANTS // BATCH):
        examine(go, mutants.batch(BATCH), tally)

    assert tally.examined == MUTANTS
    # Otherwise the mutants differ too much to show anything.
    assert tally.accepted > MUTANTS // 25
    assert tally.passed > MUTANTS // 100


def test_the_readers_agree_for_as_long_as_asked(go: GoReader) -> None:
    """With new seeds, the readers agree for half of FUZZ_SECONDS (default 6)."""
    tally, mutants = Tally(), Mutants(0)
    for seed in seeds():
        mutants.begin_again(seed)
        with repeatable(seed):
            examine(go, mutants.batch(BATCH), tally)
    print(tally)  # noqa: T201 - how far it came


# --- generated requests --------------------------------------------------------------------------

_texts = st.one_of(
    st.text(st.characters(codec="ascii"), max_size=30),
    st.text(max_size=10),
    st.sampled_from(["system:nodes", f"system:node:{GOOD.node}", *GOOD.dns, "*", "a_b", "a@b"]),
)
_strings = st.builds(
    lambda kind, text: kind(text),
    st.sampled_from([d.utf8, d.utf8, lambda text: d.printable(text.encode())]),
    _texts,
) | st.builds(
    d.element,
    st.sampled_from([0x0C, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1A, 0x1B, 0x1C, 0x1E, 0x03, 0x02]),
    st.binary(max_size=12),
)
_kinds = st.sampled_from([_COMMON_NAME, "2.5.4.10", "2.5.4.11", "2.5.4.45", "2.5.4.6", "1.2.3"])
_attributes = st.builds(csr_builder.attribute_value, _kinds, _strings)
_rdns = st.lists(_attributes, max_size=2).map(lambda found: d.set_of(*found))
_subjects = st.one_of(
    st.just(csr_builder.kubelet_rdns(GOOD.node)), st.lists(_rdns, max_size=4).map(tuple)
)
_general_names = st.one_of(
    _texts.map(csr_builder.dns),
    st.sampled_from(GOOD.dns).map(csr_builder.dns),
    st.binary(max_size=20).map(csr_builder.ip),
    st.sampled_from([4, 16])
    .flatmap(lambda n: st.binary(min_size=n, max_size=n))
    .map(csr_builder.ip),
    st.builds(d.context, st.integers(0, 9), st.binary(max_size=20)),
    st.builds(d.explicit, st.integers(0, 9), _strings),
)
_sans = st.lists(_general_names, max_size=4).map(lambda found: csr_builder.san_extension(*found))
_extensions = st.builds(
    csr_builder.extension,
    st.sampled_from(["2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37", "1.2.3"]),
    st.binary(max_size=8) | _strings | _sans,
    st.sampled_from([b"", d.boolean(0xFF), d.boolean(0), d.boolean(1)]),
)
_requests = st.lists(_sans | _extensions, max_size=3).map(lambda all_: d.sequence(*all_))
_of_attributes = st.one_of(
    _sans.map(lambda san: (csr_builder.extension_request(san),)),
    st.lists(
        st.builds(
            lambda kind, values: csr_builder.attribute(kind, *values),
            st.sampled_from(
                [csr_builder.EXTENSION_REQUEST, csr_builder.MICROSOFT_EXTENSION_REQUEST, "1.2.3"]
            ),
            st.lists(_requests, min_size=1, max_size=2),
        ),
        max_size=3,
    ).map(tuple),
)


@given(subject=_subjects, attributes=_of_attributes)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_readers_agree_on_requests_made_up(
    go: GoReader, subject: tuple[bytes, ...], attributes: tuple[bytes, ...]
) -> None:
    """On any subject and attributes, validly signed, the two parsers agree or ours refuses."""
    request = CsrBuilder(keys.ecdsa("made up")).subject(*subject).attributes(*attributes)

    examine(go, [request.pem()], Tally())


@given(text=st.binary(max_size=20), at=st.integers(0, 700), cut=st.integers(0, 3))
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_readers_agree_on_any_bytes_in_the_pem(
    go: GoReader, text: bytes, at: int, cut: int
) -> None:
    """With any bytes inserted anywhere into two blocks, the two parsers agree or ours refuses."""
    good, evil = (CsrBuilder.of_node(keys.ecdsa("two"), GOOD.node, names) for names in (GOOD, EVIL))
    block = good.pem()
    changed = block[:at] + text + block[at + cut :]

    examine(
        go,
        [changed, changed + evil.pem()],
        Tally(),
    )


# --- the comparison finds differences ------------------------------------------------------------


def _lenient_names(pem: bytes) -> list[str] | None:
    """Return the names that cryptography's PEM parser shows, if the signature is valid."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        csr = x509.load_pem_x509_csr(pem)
        if not csr.is_signature_valid:
            return None
        san = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return san.get_values_for_type(x509.DNSName)


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.hides], ids=lambda attack: attack.id)
def test_hiding_attacks_hide(go: GoReader, attack: CatalogueEntry) -> None:
    """A hiding attack shows cryptography good names and Go evil ones, with a valid signature."""
    pem = attack.build(GOOD, EVIL)
    theirs = go.read(pem)

    assert list(GOOD.dns) == _lenient_names(pem)
    assert theirs.signature_valid
    assert _bytes(EVIL.dns[0]) in theirs.dns_names
    assert read(pem) is None


def test_there_are_hiding_attacks() -> None:
    """At least 30 attacks would get a certificate from an approver with a lenient parser."""
    assert sum(attack.hides for attack in ATTACKS) >= 30


def _disagreements(go: GoReader) -> list[str]:
    """Return ids of the attacks on which the current parser and Go disagree."""
    pems = [attack.build(GOOD, EVIL) for attack in ATTACKS]
    views = go.read_many(pems)
    return [
        attack.id
        for attack, pem, theirs in zip(ATTACKS, pems, views, strict=True)
        if (ours := read(pem)) is not None and disagreement(ours, theirs)
    ]


def test_a_reader_of_lenient_pem_is_caught(go: GoReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """With cryptography's PEM parser in place of ours, the comparison fails on many attacks."""

    def lenient(request: bytes) -> bytes:
        try:
            return x509.load_pem_x509_csr(request).public_bytes(Encoding.DER)
        except (ValueError, x509.InvalidVersion) as error:
            raise MalformedRequest(str(error)) from error

    monkeypatch.setattr(pkcs10, "_one_pem_block", lenient)

    assert len([found for found in _disagreements(go) if found.startswith("pem/")]) >= 25


def test_a_reader_of_any_attributes_is_caught(
    go: GoReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the rule on attributes, the comparison fails on attacks that use attributes."""
    monkeypatch.setattr(pkcs10, "_only_extension_request", lambda _: None)

    assert {
        "attributes/microsoft-then-pkcs9",
        "attributes/microsoft-then-pkcs9-both",
        "attributes/microsoft-alone",
        "attributes/ca-then-request",
    } <= set(_disagreements(go))


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("subject", {"subject": ()}),
        ("DNS names", {"sans": (IpName(ip_address("10.0.1.10")),)}),
        ("addresses", {"sans": (DnsName(GOOD.dns[0]),)}),
        (
            "emails",
            {
                "sans": (
                    DnsName(GOOD.dns[0]),
                    IpName(ip_address("10.0.1.10")),
                    OtherName("RFC822Name", "a@example.com"),
                )
            },
        ),
        (
            "URIs",
            {
                "sans": (
                    DnsName(GOOD.dns[0]),
                    IpName(ip_address("10.0.1.10")),
                    OtherName("UniformResourceIdentifier", "spiffe://x"),
                )
            },
        ),
        ("extensions", {"extensions": ("2.5.29.17", "2.5.29.15")}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_field_is_compared(go: GoReader, what: str, changes: dict[str, object]) -> None:
    """A result that differs from Go's in one field is reported as different in that field."""
    pem = VALID[0].build(GOOD, EVIL)
    ours, theirs = read(pem), go.read(pem)

    assert ours is not None
    assert not disagreement(ours, theirs)
    (found,) = differences(replace(ours, **changes), theirs)  # type: ignore[arg-type]
    assert found.startswith(f"{what}: ")


def test_keys_are_compared(go: GoReader) -> None:
    """A result with another key than Go's is reported as different."""
    pem = VALID[0].build(GOOD, EVIL)
    ours = read(pem)

    assert ours is not None
    other = replace(ours, key=replace(ours.key, spki=keys.ecdsa("other").spki))
    (found,) = differences(other, go.read(pem))
    assert found.startswith("key: ")


def test_signatures_are_compared(go: GoReader) -> None:
    """A result that accepts a wrong signature is reported as different."""
    (wrong,) = (attack for attack in ATTACKS if attack.id == "signature/wrong")
    pem = wrong.build(GOOD, EVIL)
    ours = read(pem)

    assert ours is not None
    assert not disagreement(ours, go.read(pem))
    (found,) = disagreement(replace(ours, signature_valid=True), go.read(pem))
    assert "signature" in found
