"""The faults of the table's rows: in the connection to the API server, AWS, or the message."""

import json
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from sandbox.aws import ACCOUNT, HOME
from sandbox.identity import AwsIdentity
from tests.faults import wire
from tests.faults.proxy import (
    Fault,
    before_the_answer,
    drips,
)
from tests.faults.rig import Killed, Rig
from tests.faults.wire import HttpFault

FOREVER: Final = float("inf")

_AWS: Final = {"endpoint_url": "https://aws.example"}
TIMEOUT: Final = ConnectTimeoutError(**_AWS)
NO_ANSWER: Final = ReadTimeoutError(**_AWS)
UNREACHABLE: Final = EndpointConnectionError(**_AWS)
CLOSED: Final = ConnectionClosedError(**_AWS)

#: The CSR that the fault is about, in rows whose fault is about one CSR.
FAULTY_CSR: Final = "faults-2"


def break_list(fault: Fault, page: int = 1, times: float = FOREVER) -> Callable[[Rig], None]:
    """Break a page of the list."""
    return lambda rig: rig.proxy.add_fault(fault, method="GET", page=page, times=times)


def break_second_page(fault: Fault, times: float = FOREVER) -> Callable[[Rig], None]:
    """Break the second page of the list."""
    return break_list(fault, 2, times)


def break_write(
    fault: Fault, name: str = FAULTY_CSR, times: float = FOREVER
) -> Callable[[Rig], None]:
    """Break the write of one decision, or of all of them if `name` is empty."""
    return lambda rig: rig.proxy.add_fault(fault, method="PUT", path=name, times=times)


def drip_answer(seconds: float, **where: Any) -> Callable[[Rig], None]:
    """Send an answer byte by byte, the first after `seconds`."""

    def inject(rig: Rig) -> None:
        passing = iter([seconds])
        rig.proxy.add_fault(drips(lambda: rig.advance_clock(next(passing, 0))), **where)

    return inject


def break_handshakes(rig: Rig) -> None:
    """Close new connections during the TLS handshake."""
    rig.proxy.breaks_handshakes = True


def after_page(page: int, happens: Callable[[Rig], None]) -> Callable[[Rig], None]:
    """Do something before a page of the list is answered, and close that connection after it."""

    def inject(rig: Rig) -> None:
        rig.proxy.add_fault(before_the_answer(lambda: happens(rig)), method="GET", page=page)

    return inject


def refuse_connections(rig: Rig) -> None:
    """Refuse new connections to the API server."""
    rig.proxy.refuse()


def show_other_ca(rig: Rig) -> None:
    """Show a certificate of another CA on new connections."""
    rig.proxy.show_other_ca()


def break_aws_call(operation: str, answer: HttpFault) -> Callable[[Rig], None]:
    """Break a call to AWS."""
    return lambda rig: rig.break_aws_call(operation, answer)


def break_ec2_page_two(answer: HttpFault) -> Callable[[Rig], None]:
    """Break the second page of EC2's answer."""

    def inject(rig: Rig) -> None:
        rig.shrink_ec2_pages()
        rig.break_aws_call("DescribeInstances", wire.on_page_two(answer))

    return inject


def kill_function(_event: str, _request: Any) -> Any:
    """End the function here."""
    raise Killed("the runtime ended the function")


def messages(*bodies: str) -> Callable[[Rig], None]:
    """Replace the dispatcher's message by these; the text `own` stands for that message."""

    def inject(rig: Rig) -> None:
        [own] = rig.messages
        rig.messages = [own if body == "own" else body for body in bodies]

    return inject


def for_cluster(name: str, region: str = HOME) -> str:
    """Return a message for a cluster."""
    return json.dumps({"cluster": name, "region": region})


class Unrenewable:
    """Expired credentials that can't be renewed."""

    def get_frozen_credentials(self) -> Any:
        raise CredentialRetrievalError(provider="container-role", error_msg="arn:aws:iam::1:role/x")


def lose_credentials(rig: Rig) -> None:
    """Remove the credentials, both cached and in the environment."""
    rig.replace_credentials(None)
    rig.unset_credentials()


def use_credentials_unknown_to_sts(rig: Rig) -> None:
    """Use credentials that STS refuses, as after they expire or their role is deleted."""
    rig.replace_credentials(AwsIdentity.session("csr-approver-review", "x", account=ACCOUNT))


def sqs_takes_nothing(_event: str, _request: Any) -> Any:
    """Let SQS refuse all messages of a batch."""
    failed = [{"Id": "0", "SenderFault": False, "Code": "InternalError", "Message": ""}]
    body = json.dumps({"Successful": [], "Failed": failed}).encode()
    return wire.reply(200, body)
