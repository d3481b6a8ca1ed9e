"""The CSR API itself: paths, verbs, and the order of kube-apiserver's checks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.fake_apiserver import rules, signer
from sandbox.fake_apiserver.access import APPROVAL, Access
from sandbox.fake_apiserver.authority import Authority
from sandbox.fake_apiserver.bodies import (
    Body,
    Preconditions,
    read_body,
    read_json,
    read_preconditions,
)
from sandbox.fake_apiserver.objects import approved_object, generated_name, new_object, user_fields
from sandbox.fake_apiserver.selector import selector
from sandbox.fake_apiserver.services import ServiceStore
from sandbox.fake_apiserver.status import (
    GROUP,
    KIND,
    PLURAL,
    ApiError,
    Json,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    not_supported,
    quoted,
)
from sandbox.fake_apiserver.store import Store
from sandbox.tokens import User

ROOT = ("apis", "certificates.k8s.io", "v1", PLURAL)

#: Query parameters that change nothing here.
IGNORED = frozenset({"fieldManager", "pretty", "timeout"})

MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)

Answer = tuple[int, Json]


@dataclass(frozen=True, slots=True)
class Call:
    """One request of an authenticated user. `path` is percent-decoded once, then split."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    user: User
    body: bytes = b""


class Api:
    """The API of one cluster, without its transport."""

    def __init__(
        self, store: Store, access: Access, authority: Authority, clock: Callable[[], datetime]
    ) -> None:
        self.store = store
        self.access = access
        self.signer_runs = True
        self.signs_app_serving = False
        self.services = ServiceStore()
        self._authority = authority
        self._clock = clock

    def answer(self, call: Call) -> Answer:
        """Return the answer to a request. Raises `ApiError`."""
        match (call.method, call.path):
            case ("GET", ("version",)):
                return 200, {"major": "1", "minor": "36", "gitVersion": "v1.36.2-fake"}
            case ("POST", ("apis", "authentication.k8s.io", "v1", "selfsubjectreviews")):
                return 201, _who_am_i(call.user)
            case ("POST", ("apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews")):
                return 201, self._may_i(call)
            case ("GET", ("api", "v1", "namespaces", namespace, "services", name)):
                return 200, self.services.get(call.user, self.access, namespace, name)
        if call.path[:4] == ROOT:
            return self._csrs(call, call.path[4:])
        raise ApiError(404, "NotFound", "the server could not find the requested resource")

    def sign(self, name: str) -> None:
        """Run the signing controller, unless it is stopped, on one object."""
        with self.store.lock:
            item = self.store.get(name) if self.signer_runs else None
            changed = item and signer.sign(
                item, self._authority, self._clock(), app_serving=self.signs_app_serving
            )
            if changed:
                self.store.write(name, changed)

    def _csrs(self, call: Call, rest: tuple[str, ...]) -> Answer:
        match (call.method, rest):
            case ("GET", ()):
                return self._list(call)
            case ("POST", ()):
                return self._create(call)
            case ("GET", (name,)):
                self._check(call, "get", name=name)
                return 200, self.store.get(name)
            case ("DELETE", (name,)):
                return 200, self._delete(call, name)
            case ("PUT", (name, "approval")):
                return self._approve(call, name)
        raise not_supported(f"{call.method} {'/'.join(call.path[3:])}")

    def _check(
        self, call: Call, verb: str, resource: str = PLURAL, name: str = "", takes: str = ""
    ) -> None:
        """Authorize the call; refuse query parameters that aren't supported."""
        self.access.check(call.user, verb, resource, name)
        if problem := rules.name_problem(name):
            raise bad_request(f"Name parameter invalid: {quoted(name)}: {problem}")
        unknown = call.query.keys() - IGNORED - set(takes.split())
        if unknown:
            raise not_supported(f"the query parameter {min(unknown)}")

    def _list(self, call: Call) -> Answer:
        verb = "watch" if call.query.get("watch") in ("true", "1") else "list"
        self._check(call, verb, takes="fieldSelector limit continue")
        wanted = selector(call.query.get("fieldSelector", ""))
        limit = call.query.get("limit") or "0"
        if not (limit.isascii() and limit.isdigit()):
            raise bad_request(f"limit: {quoted(limit)} is not a number")
        page = self.store.page(wanted, int(limit), call.query.get("continue", ""))
        meta: Json = {"resourceVersion": str(page.version)}
        if page.token:
            meta["continue"] = page.token
            if not call.query.get("fieldSelector"):
                meta["remainingItemCount"] = page.left
        untyped = [{k: v for k, v in i.items() if k not in _TYPE} for i in page.items]
        return 200, {**_typed(f"{KIND}List"), "metadata": meta, "items": untyped}

    def _create(self, call: Call) -> Answer:
        self._check(call, "create")
        body = read_body(call.body)
        meta, spec = body.metadata, body.spec
        with self.store.lock:
            name = meta.name or generated_name(meta.generateName)
            rules.admit(call.user, name, spec)
            faults = rules.creation_faults(name, spec)
            if faults:
                raise invalid(name, faults)
            if name in self.store:
                raise already_exists(name)
            made = new_object(name, meta, spec, call.user, self._clock())
            return 201, self.store.write(name, made)

    def _delete(self, call: Call, name: str) -> Json:
        self._check(call, "delete", name=name)
        wanted = read_preconditions(call.body)
        with self.store.lock:
            _check_deletion(self.store.get(name)["metadata"], wanted)
            return _deleted(self.store.remove(name))

    def _approve(self, call: Call, name: str) -> Answer:
        """Check in order: RBAC, body, existence, uid, version, conditions, signer."""
        self._check(call, "update", APPROVAL, name)
        body = read_body(call.body)
        if body.metadata.name != name:
            raise bad_request(
                f"the name of the object ({body.metadata.name})"
                f" does not match the name on the URL ({name})"
            )
        with self.store.lock:
            old = self.store.get(name)
            _check_preconditions(old, body)
            status = old.get("status") or {}
            faults = rules.condition_faults(body.status.conditions, status.get("conditions") or ())
            if faults:
                raise invalid(name, faults)
            self._check_signer(call.user, name, old)
            new = approved_object(old, body.metadata, body.status.conditions, self._clock())
            written = self.store.write(name, new)
            self.sign(name)
        return 200, written

    def _check_signer(self, user: User, name: str, old: Json) -> None:
        """Check, as admission does, the right to approve for the stored object's signer."""
        signer_name = str(old["spec"].get("signerName"))
        if not self.access.may_approve(user, signer_name):
            cause = f"user not permitted to approve requests with signerName {quoted(signer_name)}"
            raise forbidden(name, cause)

    def _may_i(self, call: Call) -> Json:
        spec: Any = read_json(call.body).get("spec") or {}
        asked = spec.get("resourceAttributes") or {}
        resource = "/".join(filter(None, (asked.get("resource"), asked.get("subresource"))))
        allowed = self.access.allows(
            call.user,
            asked.get("verb", ""),
            resource,
            asked.get("name", ""),
            asked.get("group", ""),
        )
        return {
            "kind": "SelfSubjectAccessReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": spec,
            "status": {"allowed": allowed},
        }


_TYPE = ("kind", "apiVersion")


def _typed(kind: str) -> Json:
    return {"kind": kind, "apiVersion": f"{GROUP}/v1"}


def _check_preconditions(old: Json, body: Body) -> None:
    """Raise `ApiError` 409 if the client sent another uid or version than the object's."""
    meta, sent = old["metadata"], body.metadata
    if sent.uid and sent.uid != meta["uid"]:
        raise conflict(
            sent.name,
            f"Precondition failed: UID in precondition: {sent.uid},"
            f" UID in object meta: {meta['uid']}",
        )
    if sent.resourceVersion and sent.resourceVersion != meta["resourceVersion"]:
        raise conflict(sent.name, MODIFIED)


def _check_deletion(meta: Json, wanted: Preconditions) -> None:
    """As `_check_preconditions`, in the words of a DELETE.

    From: k8s.io/apiserver pkg/registry/rest/delete.go.
    """
    for word, sent, found, perhaps in (
        ("UID", wanted.uid, meta["uid"], "deleted and then recreated"),
        ("ResourceVersion", wanted.resourceVersion, meta["resourceVersion"], "modified"),
    ):
        if sent is not None and sent != found:
            mismatch = f"({sent}) does not match the {word} in record ({found})"
            cause = (
                f"the {word} in the precondition {mismatch}. The object might have been {perhaps}"
            )
            raise conflict(meta["name"], cause, f"{KIND}.{GROUP}")


def _deleted(item: Json) -> Json:
    meta = item["metadata"]
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": meta["name"], "group": GROUP, "kind": PLURAL, "uid": meta["uid"]},
    }


def _who_am_i(user: User) -> Json:
    return {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {},
        "status": {"userInfo": user_fields(user)},
    }
