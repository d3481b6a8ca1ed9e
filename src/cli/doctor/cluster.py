"""The links of one cluster for `csr-approver doctor`: from EKS to a dry run."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Final

from adapters import eks
from adapters.clock import WallClock
from adapters.csr_pages import unavailable
from adapters.eks import DescribedCluster
from adapters.retry import NoAnswer, Outcome
from cli.access.manifests import GROUP
from cli.account import access_entries
from cli.account.access_entries import AccessEntry
from cli.account.cluster_api import connection, csr_api
from cli.account.clusters import Found, described
from cli.account.problems import in_words, log_text_in_words
from cli.approvals import Approvals
from cli.doctor.account import AccountLinks
from cli.doctor.chain import Finding, Link, Status, broken, ok, still_open, unknown
from cli.doctor.cluster_rights import ClusterRights, needed
from cli.doctor.node_roles import look_at_node_roles
from cli.doctor.reach import Way
from cli.doctor.selection import unserved
from cli.review.run import Reviewed, run_once
from core.errors import ClusterUnavailable, EvidenceUnavailable
from core.model import KUBELET_SERVING, Action, Listing
from core.selection import MODE_TAG, is_off, is_reviewable, is_selected
from core.settings import Mode

SECONDS: Final = 30.0


class ClusterLinks:
    """The links of one cluster. Each property is read once, when it is first needed."""

    def __init__(self, found: Found, account: AccountLinks) -> None:
        self._found = found
        self._of = account

    def links(self) -> list[Link]:
        """Return the links in order; they need some of the account's."""
        return [
            Link("describe", self._describe, needs=("credentials",)),
            Link("state", self._state, needs=("describe",)),
            Link("selected", self._selected, needs=("state", "stack")),
            Link("access-entry", self._access_entry, needs=("state",), after=("role",)),
            Link("reach", self._reach, needs=("state",)),
            Link("network", self._network, needs=("state",)),
            Link("tls", self._tls, needs=("network",)),
            Link("token", self._token, needs=("tls",)),
            *(
                Link(one, partial(self._right, one), needs=("token",))
                for one in needed(self._of.settings)
            ),
            Link("node-roles", self._node_roles, needs=("state",)),
            Link("issuing", self._issuing, needs=("token",), after=("rbac-list",)),
            Link("dry-run", self._dry_run, needs=("token", "ec2", "iam"), after=("rbac-list",)),
        ]

    @cached_property
    def _cluster(self) -> DescribedCluster:
        return described(self._found)

    @cached_property
    def _outcome(self) -> Outcome:
        """The outcome of a call that every authenticated user may make."""
        api = connection(self._of.acting, self._cluster, WallClock(SECONDS))
        try:
            return api.call("GET", "/version")
        finally:
            api.close()

    @cached_property
    def _listed(self) -> Listing | ClusterUnavailable:
        """All kubelet-serving requests, or why they can't be listed."""
        if isinstance(self._outcome, NoAnswer) or self._outcome.status == 401:
            return unavailable(self._outcome)
        try:
            with csr_api(self._of.acting, self._cluster, WallClock(SECONDS)) as api:
                return api.list_csrs(KUBELET_SERVING)
        except ClusterUnavailable as error:
            return error

    @property
    def _access(self) -> str:
        """The command that shows how to give the approver access."""
        return self._of.access(self._found.name, self._found.region)

    # --- EKS --------------------------------------------------------------------------------------

    def _describe(self) -> Finding:
        found = self._found.described
        if isinstance(found, eks.ClusterNotFound):
            return broken(found.detail, "check the name and --region")
        if isinstance(found, ClusterUnavailable):
            raise found
        return ok(f"authentication mode {found.auth_mode or 'unknown'}")

    def _state(self) -> Finding:
        found = self._found.described
        status = "" if isinstance(found, ClusterUnavailable) else found.status
        if is_reviewable(status):
            return ok(status)
        return broken(f"the cluster is {status}", "wait until it is ACTIVE")

    def _selected(self) -> Finding:
        """Return whether the stack serves the cluster, and the tag that may lower its mode."""
        stack = self._of.known_stack
        if stack is None:
            return still_open(
                f"no stack {self._of.stack_place}, so whether it serves the cluster is unknown"
            )
        cluster = self._cluster.cluster
        if not is_selected(self._of.settings, cluster, home=stack.region):
            return broken(*unserved(self._of.settings, cluster, home=stack.region))
        if is_off(cluster):
            fix = "remove the tag, or set it to shadow or approve-only"
            return broken(f"its tag {MODE_TAG}=off excludes it from review", fix)
        return ok("the stack serves the cluster" + _tagged(cluster.tags.get(MODE_TAG)))

    def _access_entry(self) -> Finding:
        role_arn = self._of.role_arn
        if not role_arn:
            return unknown("the approver's role isn't known")
        if self._cluster.auth_mode == "CONFIG_MAP":
            return unknown("the ConfigMap aws-auth decides (mode CONFIG_MAP)", self._access)
        entry = self._entry
        if entry is None:
            return broken(f"there is no access entry for {role_arn}", f"{self._access} --apply")
        if entry.type != access_entries.STANDARD:
            return broken(
                f"the access entry's type is {entry.type}, expected STANDARD",
                f"{self._access} prints how to create the entry again",
            )
        if GROUP not in entry.groups:
            return broken(f"the access entry isn't in the group {GROUP}", f"{self._access} --apply")
        return ok(f"in the group {GROUP}")

    @cached_property
    def _entry(self) -> AccessEntry | None:
        """The approver's access entry; None if there is none."""
        cluster = self._cluster.cluster
        client = self._of.own.client("eks", cluster.region)
        return access_entries.describe(client, cluster.name, self._of.role_arn)

    # --- the connection ---------------------------------------------------------------------------

    @cached_property
    def _way(self) -> Way:
        return Way(self._of.own, self._cluster, self._of.known_stack)

    def _reach(self) -> Finding:
        return self._way.of_the_reviewer()

    def _network(self) -> Finding:
        return self._way.from_here(self._outcome)

    def _tls(self) -> Finding:
        outcome = self._outcome
        if isinstance(outcome, NoAnswer) and outcome.cause == "tls":
            fix = "another server answered: look for a proxy that intercepts TLS"
            return broken(outcome.detail, fix)
        return ok("verified by the cluster's own CA")

    def _token(self) -> Finding:
        outcome = self._outcome
        if isinstance(outcome, NoAnswer):
            return unknown(in_words(unavailable(outcome)))
        if outcome.status == 401 and self._of.as_approver:
            return broken("the cluster rejects the approver's credentials (401)", self._let_in)
        if outcome.status == 401:
            fix = "ask a cluster administrator for an access entry for your own role"
            return unknown(
                "the cluster rejects your credentials (401)", f"use --assume-role, or {fix}"
            )
        if outcome.status >= 500:
            raise unavailable(outcome)
        who = "the approver's" if self._of.as_approver else "your"
        return ok(f"the cluster accepts {who} credentials")

    @property
    def _let_in(self) -> str:
        """What to do where the cluster rejects the approver's token."""
        if self._cluster.auth_mode == "CONFIG_MAP":
            return f"add the role to the ConfigMap aws-auth, as {self._access} shows"
        with suppress(EvidenceUnavailable):
            if self._entry is None:
                return f"{self._access} --apply"
        return "delete its access entry and create it again: the entry is for a deleted role"

    # --- rights in the cluster --------------------------------------------------------------------

    @cached_property
    def _rights(self) -> ClusterRights:
        return ClusterRights(
            lambda: connection(self._of.acting, self._cluster, WallClock(SECONDS)),
            needed(self._of.settings),
            self._access,
            as_approver=self._of.as_approver,
        )

    def _right(self, link: str) -> Finding:
        return self._rights.finding(link)

    def _node_roles(self) -> Finding:
        # If there is no list, the links for the connection and the rights report why.
        csrs = () if isinstance(self._listed, ClusterUnavailable) else self._listed.csrs
        return look_at_node_roles(self._of.own, self._of.caller.account, self._cluster, csrs)

    # --- certificates -----------------------------------------------------------------------------

    def _issuing(self) -> Finding:
        """Return whether EKS issued what we approved: requests are kept for an hour after that."""
        if isinstance(self._listed, ClusterUnavailable):
            raise self._listed
        grace = self._of.settings.issue_grace_seconds
        found = Approvals.among(self._listed.csrs, datetime.now(UTC), grace)
        if found.not_issued and not found.issued:
            fix = "see approved-not-issued in docs/runbook.md"
            return broken(f"the approver's approvals: {found}", fix)
        if found.issued:
            return ok(f"the approver's approvals: {found}")
        return still_open("not yet known: no listed request was approved by the approver")

    def _dry_run(self) -> Finding:
        reviewed = run_once(self._of.acting, self._cluster, self._of.settings, applied=False)
        cluster = self._cluster.cluster
        actions = sum(map(reviewed.actions, reviewed.signers), Counter[Action]())
        listed = sum(one.run.listed for one in reviewed.signers)
        words = {Action.WITHHELD: f"withheld by mode {reviewed.mode.value}"}
        counts = ", ".join(
            f"{n} {words.get(action) or reviewed.word(action)}"
            for action, n in actions.most_common()
        )
        found = f"{listed} listed; past the gates: {counts or 'none'}{_unseen(reviewed)}"
        options = f"--region {cluster.region}{self._of.judging}"
        look = f"csr-approver review {cluster.name} {options}"
        if not reviewed.is_whole:
            return Finding(Status.UNKNOWN, found, look)
        return Finding(Status.OK, found, "" if reviewed.is_well else look)


def _unseen(reviewed: Reviewed) -> str:
    """Return what the review couldn't read, which may hide CSRs."""
    unreadable = sum(len(one.run.unreadable) for one in reviewed.signers)
    cut = ", ".join(
        log_text_in_words(one.run.cause) for one in reviewed.signers if one.run.truncated
    )
    parts = (unreadable and f"{unreadable} unreadable", cut and f"list not read to its end: {cut}")
    return "".join(f"; {part}" for part in parts if part)


def _tagged(tag: str | None) -> str:
    """Return what the cluster's tag means, to be added to a detail; empty without a tag."""
    if tag is None:
        return ""
    is_mode = tag.strip() in {mode.value for mode in Mode}
    return f"; tagged {tag}" + ("" if is_mode else ", which isn't a mode: nothing is written")
