"""Cases of Service requests that differ from an approvable one in one thing."""

from core.model import Case, StringType
from tests.builders import a_subject, names
from tests.service_builders import a_service_case, a_service_request

CN = "2.5.4.3"


def with_names(*values: str, **rest: object) -> Case:
    """Return a case that asks for these names and addresses, and has no subject."""
    request = a_service_request(subject=(), sans=names(*values))
    return a_service_case(request=request, **rest)  # type: ignore[arg-type]


def with_subject(*attributes: tuple[str, str], string_type: StringType = StringType.UTF8) -> Case:
    """Return a case whose subject has these attributes: object identifiers with their values."""
    subject = a_subject(*attributes, string_type=string_type)
    return a_service_case(request=a_service_request(subject=subject))
