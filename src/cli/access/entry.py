"""The approver's access entry in one cluster: look at it, create or update it, or show how to."""

from dataclasses import dataclass
from typing import Any, Final

from adapters.aws_account import Aws
from adapters.eks import DescribedCluster
from cli.access.manifests import GROUP
from cli.access.steps import ENTRY, State, Step
from cli.account import access_entries
from cli.account.copied import KUBECTL, GivenOptions, whole_word
from cli.account.problems import with_fix
from core.errors import EvidenceUnavailable
from core.model import Role

_CONFIG_MAP: Final = "CONFIG_MAP"


@dataclass(frozen=True, slots=True)
class Entry:
    """The entry of the approver's role. `given`: the options for the commands that are shown."""

    cluster: DescribedCluster
    role_arn: str
    given: GivenOptions

    def step(self, aws: Aws, *, applied: bool) -> Step:
        """Return the entry's state; with `applied`, create or update it first."""
        if self.cluster.auth_mode == _CONFIG_MAP:
            return self._without_entries()
        name, region = self.cluster.cluster.name, self.cluster.cluster.region
        eks = aws.client("eks", region)
        try:
            entry = access_entries.describe(eks, name, self.role_arn)
            if entry is None:
                return self._created(eks, applied=applied)
            if entry.type != access_entries.STANDARD:
                return self._of_another_type(entry.type)
            if GROUP in entry.groups:
                return Step(ENTRY, State.OK)
            groups = [*entry.groups, GROUP]
            if applied:
                access_entries.set_groups(eks, name, self.role_arn, groups)
                return Step(ENTRY, State.CHANGED, f"added to the group {GROUP}")
        except EvidenceUnavailable as error:
            return Step(ENTRY, State.UNKNOWN, with_fix(str(error)))
        update = self._command("update", "--kubernetes-groups", *groups)
        return Step(ENTRY, State.NEEDS_ACTION, f"not in the group {GROUP}", (update,))

    def _created(self, eks: Any, *, applied: bool) -> Step:
        if not applied:
            return Step(ENTRY, State.NEEDS_ACTION, "there is none yet", (self._create(),))
        if access_entries.create(eks, self.cluster.cluster.name, self.role_arn, [GROUP]):
            return Step(ENTRY, State.CREATED)
        detail = "another access entry was created at the same moment: run this again"
        return Step(ENTRY, State.UNKNOWN, detail)

    def _of_another_type(self, kind: str) -> Step:
        """Return the fix: a type can't be changed, and only a standard entry takes our group."""
        fix = (
            "if nothing else uses that role, delete the entry and create it again:",
            self._command("delete"),
            self._create(),
        )
        detail = f"the access entry's type is {kind}, expected STANDARD"
        return Step(ENTRY, State.BLOCKED, detail, fix)

    def _without_entries(self) -> Step:
        """Return the two ways to fix it.

        From: EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries".
        """
        name = self.cluster.cluster.name
        mode = "authenticationMode=API_AND_CONFIG_MAP"
        fix = (
            "either add to mapRoles of the ConfigMap aws-auth:",
            f"  {KUBECTL} edit configmap aws-auth --namespace kube-system",
            f"    - rolearn: {Role.of_arn(self.role_arn)}",
            f'      username: "{GROUP}:{{{{SessionName}}}}"',
            f"      groups: [{GROUP}]",
            "or switch the mode, WHICH CAN'T BE UNDONE, and run this again:",
            f"  {self._eks('update-cluster-config', '--name', name, '--access-config', mode)}",
        )
        detail = f"the authentication mode is {_CONFIG_MAP}: the cluster takes no access entries"
        return Step(ENTRY, State.BLOCKED, detail, fix)

    def _create(self) -> str:
        return self._command("create", "--kubernetes-groups", GROUP)

    def _command(self, verb: str, *more: str) -> str:
        where = ("--cluster-name", self.cluster.cluster.name, "--principal-arn", self.role_arn)
        return self._eks(f"{verb}-access-entry", *where, *more)

    def _eks(self, operation: str, *more: str) -> str:
        """Return a command to paste."""
        options = f"--region {self.cluster.cluster.region}{self.given.aws}"
        return f"aws eks {operation} {options} {' '.join(map(whole_word, more))}"
