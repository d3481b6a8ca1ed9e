"""An issued certificate, checked and written to its file."""

import shlex
from datetime import UTC, datetime

from cli.account.copied import KUBECTL
from cli.request.certificate import Certificate, inspect
from cli.request.outcome import NotIssued, Outcome, RequestState, Result
from cli.request.plan import Plan
from core.errors import WrongCertificate
from core.model import Csr


def saved(plan: Plan, csr: Csr) -> Result:
    """Check and write an issued certificate, and the CA if that was asked for.

    Raises:
        NotIssued: it can't be used.
    """
    pem, requester = csr.certificate, csr.username
    try:
        found = inspect(pem, plan.spec, plan.key.spki, plan.ca_pem, datetime.now(UTC))
        plan.files.write_certificate(pem)
    except WrongCertificate as error:
        raise NotIssued(Outcome.UNUSABLE, str(error)) from None
    except OSError as error:
        detail = f"issued, but {plan.files.certificate} can't be written: {error.strerror}"
        return Result(
            Outcome.NOT_SAVED, detail, RequestState.THERE, key_kept=True, requester=requester
        )
    outcome, problem = Outcome.ISSUED, _ca_error(plan, found)
    detail = f"issued and saved to {plan.files.certificate}, but {problem}" if problem else ""
    if problem:
        outcome = Outcome.NOT_SAVED
    if found.differences:
        outcome = Outcome.DIFFERS
        detail = "; ".join(filter(None, (*found.differences, problem)))
    return Result(
        outcome,
        detail,
        RequestState.THERE,
        key_kept=True,
        requester=requester,
        certificate=found,
        saved=True,
        ca_saved=plan.files.ca is not None and not problem,
    )


def _ca_error(plan: Plan, found: Certificate) -> str:
    """Write the CA's file, if one was asked for; return why it wasn't written, empty if it was."""
    path = plan.files.ca
    if path is None:
        return ""
    if not found.by_cluster:
        return f"{path} isn't written: the cluster's CA didn't sign the certificate"
    try:
        plan.files.write_ca(plan.ca_pem.encode())
    except OSError as error:
        return (
            f"the CA was not written to {path}: {error.strerror}. To save it later: "
            f"{KUBECTL} get configmap kube-root-ca.crt -o jsonpath='{{.data.ca\\.crt}}' > "
            f"{shlex.quote(str(path))}"
        )
    return ""
