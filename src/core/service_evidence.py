"""What the cluster shows of the Services for which ServiceAccounts ask for certificates."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from core.claims import MAX_SERVICES
from core.errors import EvidenceUnavailable
from core.model import Case, NotProvided, Service, ServiceClaim, ServicesHidden
from core.ports import Services

_Shown = Mapping[str, Service | ServicesHidden | EvidenceUnavailable]


@dataclass(frozen=True, slots=True)
class ServiceEvidence:
    """The Services of a claim that exist, or why the cluster doesn't show them."""

    services: tuple[Service, ...] | ServicesHidden | NotProvided

    def added_to(self, case: Case) -> Case:
        """Return the case, completed by this evidence."""
        return replace(case, services=self.services)


def gather(
    claims: Collection[ServiceClaim], services: Services
) -> Mapping[ServiceClaim, ServiceEvidence | EvidenceUnavailable]:
    """Ask for each Service once, however many requests name it.

    Namespaces with the fewest names come first, so that a requester that names many delays no
    other. The Services of a claim that names more than a request may are not asked for. A claim
    whose Services couldn't all be asked for maps to the error, which is never a verdict.
    """
    names: dict[str, set[str]] = {}
    for claim in claims:
        if len(claim.names) <= MAX_SERVICES:
            names.setdefault(claim.namespace, set()).update(claim.names)
    shown = {
        namespace: services.named(namespace, sorted(asked)) if asked else {}
        for namespace, asked in sorted(names.items(), key=lambda item: (len(item[1]), item[0]))
    }
    return {claim: _evidence(claim, shown.get(claim.namespace, {})) for claim in claims}


def _evidence(claim: ServiceClaim, shown: _Shown) -> ServiceEvidence | EvidenceUnavailable:
    services: list[Service] = []
    hidden: ServicesHidden | None = None
    for name in claim.names:
        match shown.get(name):
            case EvidenceUnavailable() as error:
                return error
            case ServicesHidden() as answer:
                hidden = answer
            case Service() as service:
                services.append(service)
    return ServiceEvidence(hidden or tuple(services))
