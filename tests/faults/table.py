"""The table of faults: what can go wrong, where, and the outcome for six CSRs that are due.

Five of them are correct, and the sixth requests another node's address. `make faults` writes
`docs/faults.md` from this table, and `test_table.py` runs every row.
"""

from functools import partial
from typing import Final

from sandbox.aws import Eni
from tests.faults import outcomes, wire
from tests.faults.breaking import (
    CLOSED,
    FAULTY_CSR,
    NO_ANSWER,
    TIMEOUT,
    UNREACHABLE,
    Unrenewable,
    after_page,
    break_aws_call,
    break_ec2_page_two,
    break_handshakes,
    break_list,
    break_second_page,
    break_write,
    drip_answer,
    for_cluster,
    kill_function,
    lose_credentials,
    messages,
    refuse_connections,
    show_other_ca,
    sqs_takes_nothing,
    use_credentials_unknown_to_sts,
)
from tests.faults.proxy import cuts_off, hangs, loses_the_answer, reset, says
from tests.faults.rig import YOUNG, Rig
from tests.faults.row import Kind, Outcome, Place, Row
from tests.faults.wire import at_first, garbage, raises, refused

_HTTP: Final = frozenset(
    {
        Kind.CUT_OFF,
        Kind.DENIED,
        Kind.GARBAGE,
        Kind.HANDSHAKE,
        Kind.REDIRECT,
        Kind.REFUSED,
        Kind.RESET,
        Kind.SERVER_ERROR,
        Kind.SLOW,
        Kind.OTHER_CA,
        Kind.THROTTLED,
        Kind.UNAUTHORIZED,
    }
)
_AWS: Final = frozenset(
    {
        Kind.CREDENTIALS,
        Kind.DENIED,
        Kind.GARBAGE,
        Kind.SERVER_ERROR,
        Kind.THROTTLED,
        Kind.UNREACHABLE,
    }
)

#: The kinds of fault that each place must have.
NEEDED: Final = {
    Place.DISPATCH_LIST: _AWS,
    Place.DISPATCH_DESCRIBE: _AWS,
    Place.DISPATCH_SEND: _AWS | {Kind.PARTIAL, Kind.LOST_ANSWER},
    Place.QUEUE: {Kind.REDELIVERED, Kind.KILLED, Kind.SLOW},
    Place.MESSAGE: {Kind.POISONED, Kind.FOREIGN, Kind.ABSENT},
    Place.DESCRIBE: _AWS | {Kind.ABSENT, Kind.CACHED},
    Place.TOKEN: {Kind.CREDENTIALS, Kind.UNAUTHORIZED},
    Place.LIST: _HTTP,
    Place.LIST_2: _HTTP | {Kind.EXPIRED},
    Place.EC2: _AWS | {Kind.LAGGING},
    Place.EC2_2: _AWS,
    Place.IAM: _AWS | {Kind.ABSENT, Kind.LAGGING, Kind.CACHED},
    Place.WRITE: _HTTP | {Kind.LOST_ANSWER, Kind.CONFLICT},
}

_TRIED_AGAIN: Final = frozenset({Kind.THROTTLED, Kind.SERVER_ERROR, Kind.UNREACHABLE})

# Each call's error codes for throttling, denial and expired credentials.
_CODES: Final = {
    "ListClusters": ("ThrottlingException", "AccessDeniedException", "ExpiredTokenException"),
    "DescribeCluster": ("ThrottlingException", "AccessDeniedException", "ExpiredTokenException"),
    "SendMessageBatch": ("ThrottlingException", "AccessDenied", "ExpiredToken"),
    "DescribeInstances": ("RequestLimitExceeded", "UnauthorizedOperation", "RequestExpired"),
    "GetInstanceProfile": ("Throttling", "AccessDenied", "ExpiredToken"),
}


def _rows_of(
    place: Place, operation: str, often: Outcome, once: Outcome, *, on_page_two: bool = False
) -> tuple[Row, ...]:
    """Return the rows of a call to AWS, or of its second page, that never succeeds."""
    throttled, denied, expired = _CODES[operation]
    answers = (
        (Kind.THROTTLED, f"`{throttled}`", refused(throttled), throttled),
        (Kind.SERVER_ERROR, "503", refused("ServiceUnavailable", 503), "ServiceUnavailable"),
        (Kind.UNREACHABLE, "no connection", raises(UNREACHABLE), "EndpointConnectionError"),
        (Kind.UNREACHABLE, "time-out of the connection", raises(TIMEOUT), "ConnectTimeoutError"),
        (Kind.UNREACHABLE, "time-out of the answer", raises(NO_ANSWER), "ReadTimeoutError"),
        (Kind.UNREACHABLE, "connection closed", raises(CLOSED), "ConnectionClosedError"),
        (Kind.DENIED, f"`{denied}`", refused(denied, 403), denied),
        (Kind.CREDENTIALS, f"`{expired}`", refused(expired, 403), expired),
    )
    by = break_ec2_page_two if on_page_two else partial(break_aws_call, operation)
    return tuple(
        Row(place, kind, fault, by(answer), often if kind in _TRIED_AGAIN else once, logged)
        for kind, fault, answer, logged in answers
    )


TABLE: Final = (
    # --- the dispatcher --------------------------------------------------------------------------
    Row(
        Place.DISPATCH_LIST,
        Kind.SERVER_ERROR,
        "503 once",
        break_aws_call("ListClusters", at_first(1, refused("ServerException", 503))),
        outcomes.ASSIGNED_LATE,
    ),
    *_rows_of(Place.DISPATCH_LIST, "ListClusters", outcomes.NOT_LISTED, outcomes.NOT_LISTED_ONCE),
    Row(
        Place.DISPATCH_LIST,
        Kind.GARBAGE,
        "200 with a page of HTML",
        break_aws_call("ListClusters", garbage),
        outcomes.NOT_LISTED_ONCE,
        "EKS ListClusters: unreadable answer",
    ),
    *(
        Row(
            Place.DISPATCH_DESCRIBE,
            kind,
            fault,
            break_aws_call("DescribeCluster", answer),
            outcomes.ASSIGNED,
        )
        for kind, fault, answer in (
            (Kind.THROTTLED, "`ThrottlingException`", at_first(2, refused("ThrottlingException"))),
            (Kind.SERVER_ERROR, "503", at_first(2, refused("ServerException", 503))),
            (Kind.UNREACHABLE, "no connection", at_first(2, raises(UNREACHABLE))),
            (Kind.DENIED, "`AccessDeniedException`", at_first(1, refused("AccessDeniedException"))),
            (
                Kind.CREDENTIALS,
                "`ExpiredTokenException`",
                at_first(1, refused("ExpiredTokenException", 403)),
            ),
            (Kind.GARBAGE, "200 with a page of HTML", at_first(1, garbage)),
        )
    ),
    *_rows_of(Place.DISPATCH_SEND, "SendMessageBatch", outcomes.NOT_SENT, outcomes.NOT_SENT_ONCE),
    Row(
        Place.DISPATCH_SEND,
        Kind.GARBAGE,
        "200 with a page of HTML",
        break_aws_call("SendMessageBatch", garbage),
        outcomes.NOT_SENT,
    ),
    Row(
        Place.DISPATCH_SEND,
        Kind.PARTIAL,
        "SQS takes the call and refuses the message, twice",
        break_aws_call("SendMessageBatch", sqs_takes_nothing),
        outcomes.NOT_SENT,
        "SQS did not accept the assignment: InternalError",
    ),
    Row(
        Place.DISPATCH_SEND,
        Kind.PARTIAL,
        "SQS takes the call and refuses the message, once",
        break_aws_call("SendMessageBatch", at_first(1, sqs_takes_nothing)),
        outcomes.ASSIGNED_LATE,
    ),
    Row(
        Place.DISPATCH_SEND,
        Kind.LOST_ANSWER,
        "SQS takes it, and its answer is lost once",
        break_aws_call("SendMessageBatch", at_first(1, wire.loses_the_answer(CLOSED))),
        outcomes.SENT_TWICE,
    ),
    Row(
        Place.DISPATCH_SEND,
        Kind.LOST_ANSWER,
        "SQS takes it, and its answers are lost",
        break_aws_call("SendMessageBatch", wire.loses_the_answer(CLOSED)),
        outcomes.SENT_UNCONFIRMED,
    ),
    # --- the message -----------------------------------------------------------------------------
    Row(
        Place.QUEUE,
        Kind.REDELIVERED,
        "the message is delivered twice",
        messages("own", "own"),
        outcomes.REVIEWED_TWICE,
    ),
    Row(
        Place.QUEUE,
        Kind.KILLED,
        "the runtime ends the function before it writes (time-out, memory)",
        break_aws_call("GetInstanceProfile", kill_function),
        outcomes.KILLED,
        "the runtime ended the function",
    ),
    Row(
        Place.QUEUE,
        Kind.SLOW,
        "10 s are left when the review begins",
        lambda _: None,
        outcomes.NO_TIME,
        seconds=10,
    ),
    *(
        Row(
            Place.MESSAGE,
            Kind.POISONED,
            fault,
            messages(body),
            outcomes.POISONED,
            "not an assignment: ",
        )
        for fault, body in (
            ("no JSON", "not JSON"),
            ("an empty body", ""),
            ("an extra field", '{"cluster": "prod", "region": "us-east-1", "endpoint": "x"}'),
            ("an invalid Region", for_cluster("prod", "mars")),
        )
    ),
    Row(
        Place.MESSAGE,
        Kind.FOREIGN,
        "another message, for a cluster of a Region that isn't served",
        messages(for_cluster("prod", "eu-west-1"), "own"),
        outcomes.SKIPPED,
        "not selected by REGIONS and CLUSTER_NAMES",
    ),
    Row(
        Place.MESSAGE,
        Kind.ABSENT,
        "another message, for a cluster that was deleted",
        messages(for_cluster("gone"), "own"),
        outcomes.SKIPPED,
        "EKS has no such cluster",
    ),
    # --- the reviewer: where the cluster is ------------------------------------------------------
    Row(
        Place.DESCRIBE,
        Kind.SERVER_ERROR,
        "503 once",
        break_aws_call("DescribeCluster", at_first(1, refused("ServerException", 503))),
        outcomes.UNSEEN,
    ),
    Row(
        Place.DESCRIBE,
        Kind.CACHED,
        "`AccessDeniedException` within 15 minutes of an answer",
        break_aws_call("DescribeCluster", refused("AccessDeniedException", 403)),
        outcomes.CACHED,
        warm=True,
    ),
    *_rows_of(Place.DESCRIBE, "DescribeCluster", outcomes.DESCRIBE_TWICE, outcomes.DESCRIBE),
    Row(
        Place.DESCRIBE,
        Kind.GARBAGE,
        "200 with a page of HTML",
        break_aws_call("DescribeCluster", garbage),
        outcomes.DESCRIBE,
        "EKS DescribeCluster: no field cluster",
    ),
    Row(
        Place.DESCRIBE,
        Kind.CREDENTIALS,
        "no credentials in the environment",
        Rig.start_without_credentials,
        outcomes.NOT_DESCRIBED,
        "EKS DescribeCluster: NoCredentialsError",
    ),
    Row(
        Place.DESCRIBE,
        Kind.ABSENT,
        "`ResourceNotFoundException`: the cluster was deleted",
        break_aws_call("DescribeCluster", refused("ResourceNotFoundException", 404)),
        outcomes.DELETED,
    ),
    Row(
        Place.TOKEN,
        Kind.CREDENTIALS,
        "credentials that can't be renewed",
        lambda rig: rig.replace_credentials(Unrenewable()),
        outcomes.TOKEN,
        "AWS credentials: CredentialRetrievalError",
        warm=True,
    ),
    Row(
        Place.TOKEN,
        Kind.CREDENTIALS,
        "credentials that are gone",
        lose_credentials,
        outcomes.TOKEN,
        "AWS credentials: NoCredentialsError",
        warm=True,
    ),
    Row(
        Place.TOKEN,
        Kind.UNAUTHORIZED,
        "credentials that STS refuses (expired, or their role deleted)",
        use_credentials_unknown_to_sts,
        outcomes.REFUSED_BY_STS,
        "401: Unauthorized",
        warm=True,
    ),
    # --- the reviewer: the list ------------------------------------------------------------------
    *(
        Row(Place.LIST, kind, fault, break_list(how, times=times), outcomes.UNSEEN)
        for kind, fault, how, times in (
            (Kind.THROTTLED, "429 once, `Retry-After: 3`", says(429, Retry_After="3"), 1),
            (Kind.SERVER_ERROR, "500 three times", says(500), 3),
            (Kind.SERVER_ERROR, "503 once", says(503), 1),
            (Kind.RESET, "connection reset before the answer, twice", reset, 2),
            (Kind.CUT_OFF, "connection reset within the answer, twice", cuts_off, 2),
            (Kind.DENIED, "403 twice (an API server just started)", says(403), 2),
            (Kind.UNAUTHORIZED, "401 once (a token just expired)", says(401), 1),
        )
    ),
    *(
        Row(Place.LIST, kind, fault, break_list(how), outcome, logged)
        for kind, fault, how, outcome, logged in (
            (Kind.THROTTLED, "429", says(429, Retry_After="1"), outcomes.STATUS, "429"),
            (Kind.SERVER_ERROR, "500", says(500), outcomes.STATUS, "500"),
            (Kind.SERVER_ERROR, "503", says(503), outcomes.STATUS, "503"),
            (Kind.EXPIRED, "410", says(410), outcomes.STATUS_ONCE, "410"),
            (
                Kind.REDIRECT,
                "307",
                says(307, Location="https://127.0.0.1:1/"),
                outcomes.STATUS_ONCE,
                "redirects are not followed",
            ),
            (Kind.GARBAGE, "404 with HTML", says(404, b"<p>"), outcomes.STATUS_ONCE, "404"),
            (Kind.RESET, "connection reset before the answer", reset, outcomes.DROPPED, ""),
            (Kind.CUT_OFF, "connection reset within the answer", cuts_off, outcomes.DROPPED, ""),
            (Kind.GARBAGE, "200 with half a list", says(200, b'{"items": ['), outcomes.ANSWER, ""),
            (Kind.GARBAGE, "200 with HTML", says(200, b"<html>"), outcomes.ANSWER, ""),
            (Kind.DENIED, "403", says(403), outcomes.FORBIDDEN, "403"),
            (Kind.UNAUTHORIZED, "401", says(401), outcomes.UNAUTHORIZED, "401"),
        )
    ),
    Row(Place.LIST, Kind.REFUSED, "connection refused", refuse_connections, outcomes.CONNECTION),
    Row(
        Place.LIST,
        Kind.HANDSHAKE,
        "TLS handshake broken off",
        break_handshakes,
        outcomes.CONNECTION,
    ),
    Row(
        Place.LIST,
        Kind.SLOW,
        "no answer while there is time",
        break_list(hangs),
        outcomes.CONNECTION,
        "ReadTimeoutError",
        seconds=5.4,
    ),
    Row(
        Place.LIST,
        Kind.SLOW,
        "an answer that drips",
        drip_answer(30, method="GET", page=1),
        outcomes.TOO_SLOW,
        "the answer took too long",
    ),
    Row(Place.LIST, Kind.OTHER_CA, "certificate of another CA", show_other_ca, outcomes.TLS),
    *(
        Row(Place.LIST_2, kind, fault, break_second_page(how, times), outcomes.UNSEEN)
        for kind, fault, how, times in (
            (Kind.THROTTLED, "429 once, `Retry-After: 3`", says(429, Retry_After="3"), 1),
            (Kind.SERVER_ERROR, "503 three times", says(503), 3),
            (Kind.RESET, "connection reset before the answer, twice", reset, 2),
            (Kind.CUT_OFF, "connection reset within the answer, twice", cuts_off, 2),
            (Kind.DENIED, "403 twice", says(403), 2),
            (Kind.UNAUTHORIZED, "401 once (a token just expired)", says(401), 1),
            (Kind.EXPIRED, "410 once (the list starts again)", says(410), 1),
        )
    ),
    *(
        Row(Place.LIST_2, kind, fault, break_second_page(how), outcome, logged)
        for kind, fault, how, outcome, logged in (
            (Kind.THROTTLED, "429", says(429, Retry_After="1"), outcomes.CUT_SHORT, "429"),
            (Kind.SERVER_ERROR, "500", says(500), outcomes.CUT_SHORT, "500"),
            (Kind.SERVER_ERROR, "503", says(503), outcomes.CUT_SHORT, "503"),
            (Kind.DENIED, "403", says(403), outcomes.CUT_SHORT, "forbidden: 403"),
            (Kind.UNAUTHORIZED, "401", says(401), outcomes.CUT_SHORT_TWICE, "unauthorized: 401"),
            (Kind.EXPIRED, "410, and again", says(410), outcomes.CUT_SHORT_TWICE, "410"),
            (
                Kind.REDIRECT,
                "307",
                says(307, Location="https://127.0.0.1:1/"),
                outcomes.CUT_SHORT_ONCE,
                "redirects are not followed",
            ),
            (Kind.RESET, "connection reset before the answer", reset, outcomes.CUT_SHORT, ""),
            (Kind.CUT_OFF, "connection reset within the answer", cuts_off, outcomes.CUT_SHORT, ""),
            (
                Kind.GARBAGE,
                "200 with half a list",
                says(200, b'{"items": ['),
                outcomes.CUT_SHORT_ONCE,
                "not a list of CSRs",
            ),
        )
    ),
    *(
        Row(Place.LIST_2, kind, fault, after_page(1, how), outcomes.GONE_MIDWAY, logged)
        for kind, fault, how, logged in (
            (Kind.REFUSED, "connection refused", refuse_connections, "connection: "),
            (Kind.HANDSHAKE, "TLS handshake broken off", break_handshakes, "connection: "),
            (Kind.OTHER_CA, "certificate of another CA", show_other_ca, "tls: "),
        )
    ),
    Row(
        Place.LIST_2,
        Kind.SLOW,
        "an answer that drips",
        drip_answer(30, method="GET", page=2),
        outcomes.CUT_SHORT_LATE,
        "the answer took too long",
    ),
    # --- the reviewer: the evidence --------------------------------------------------------------
    Row(
        Place.EC2,
        Kind.THROTTLED,
        "`RequestLimitExceeded` once",
        break_aws_call("DescribeInstances", at_first(1, refused("RequestLimitExceeded", 503))),
        outcomes.UNSEEN,
    ),
    *_rows_of(Place.EC2, "DescribeInstances", outcomes.NO_EVIDENCE, outcomes.NO_EVIDENCE_ONCE),
    Row(
        Place.EC2,
        Kind.GARBAGE,
        "200 with a page of HTML",
        break_aws_call("DescribeInstances", garbage),
        outcomes.NO_EVIDENCE_ONCE,
        "EC2 DescribeInstances: ResponseParserError",
    ),
    *(
        Row(Place.EC2, Kind.LAGGING, fault, how, outcomes.LAGGING, logged)
        for fault, how, logged in (
            (
                "the instance isn't shown yet",
                lambda rig: rig.remove_instance(FAULTY_CSR),
                "instance-known",
            ),
            (
                "the instance is still `pending`",
                lambda rig: rig.change_instance(FAULTY_CSR, state="pending"),
                "instance-running",
            ),
            ("no name yet", lambda rig: rig.hide_fields(FAULTY_CSR, "PrivateDnsName"), "node-name"),
            (
                "no interfaces yet",
                lambda rig: rig.hide_fields(FAULTY_CSR, "NetworkInterfaces"),
                "ip-addresses",
            ),
            ("no tags yet", lambda rig: rig.hide_fields(FAULTY_CSR, "Tags"), "cluster"),
            (
                "no instance profile yet",
                lambda rig: rig.hide_fields(FAULTY_CSR, "IamInstanceProfile"),
                "node-role",
            ),
        )
    ),
    Row(
        Place.EC2,
        Kind.LAGGING,
        "a public address isn't shown yet",
        lambda rig: rig.change_instance(
            FAULTY_CSR, enis=(Eni(rig.machines[FAULTY_CSR].enis[0].ip),)
        ),
        outcomes.ADDRESS_LAGS,
        "ip-addresses",
        age=YOUNG,
    ),
    Row(
        Place.EC2_2,
        Kind.THROTTLED,
        "`RequestLimitExceeded` once",
        break_ec2_page_two(at_first(1, refused("RequestLimitExceeded", 503))),
        outcomes.UNSEEN,
    ),
    *_rows_of(
        Place.EC2_2,
        "DescribeInstances",
        outcomes.NO_EVIDENCE,
        outcomes.NO_EVIDENCE_ONCE,
        on_page_two=True,
    ),
    Row(
        Place.EC2_2,
        Kind.GARBAGE,
        "200 with a page of HTML",
        break_ec2_page_two(garbage),
        outcomes.NO_EVIDENCE_ONCE,
        "EC2 DescribeInstances: ResponseParserError",
    ),
    Row(
        Place.IAM,
        Kind.THROTTLED,
        "`Throttling` once",
        break_aws_call("GetInstanceProfile", at_first(1, refused("Throttling"))),
        outcomes.UNSEEN,
    ),
    Row(
        Place.IAM,
        Kind.CACHED,
        "`AccessDenied` within 15 minutes of an answer",
        break_aws_call("GetInstanceProfile", refused("AccessDenied", 403)),
        outcomes.CACHED,
        warm=True,
    ),
    *_rows_of(Place.IAM, "GetInstanceProfile", outcomes.ROLE, outcomes.ROLE_ONCE),
    Row(
        Place.IAM,
        Kind.GARBAGE,
        "200 with a page of HTML",
        break_aws_call("GetInstanceProfile", garbage),
        outcomes.ROLE_ONCE,
        "IAM GetInstanceProfile: ResponseParserError",
    ),
    Row(
        Place.IAM,
        Kind.ABSENT,
        "`NoSuchEntity`",
        break_aws_call("GetInstanceProfile", refused("NoSuchEntity", 404)),
        outcomes.NO_ROLE,
        "IAM has no such instance profile",
    ),
    Row(
        Place.IAM,
        Kind.LAGGING,
        "the profile has no role yet",
        Rig.remove_role,
        outcomes.NO_ROLE,
        "the instance profile has no roles",
    ),
    # --- the reviewer: the decisions -------------------------------------------------------------
    *(
        Row(Place.WRITE, kind, fault, break_write(how, times=times), outcomes.UNSEEN)
        for kind, fault, how, times in (
            (Kind.THROTTLED, "429 once, `Retry-After: 3`", says(429, Retry_After="3"), 1),
            (Kind.SERVER_ERROR, "503 three times", says(503), 3),
            (Kind.RESET, "connection reset before the answer, twice", reset, 2),
            (Kind.DENIED, "403 twice (an API server just started)", says(403), 2),
            (Kind.UNAUTHORIZED, "401 once (a token just expired)", says(401), 1),
        )
    ),
    Row(
        Place.WRITE,
        Kind.LOST_ANSWER,
        "an approval is stored, and its answer is lost",
        break_write(loses_the_answer, times=1),
        outcomes.APPROVED_UNCONFIRMED,
        "409",
    ),
    Row(
        Place.WRITE,
        Kind.CUT_OFF,
        "an approval is stored, and its answer is cut off",
        break_write(cuts_off, times=1),
        outcomes.APPROVED_UNCONFIRMED,
        "409",
    ),
    Row(
        Place.WRITE,
        Kind.LOST_ANSWER,
        "a denial is stored, and its answer is lost",
        break_write(loses_the_answer, outcomes.DENIAL, 1),
        outcomes.DENIED_UNCONFIRMED,
        "409",
    ),
    Row(
        Place.WRITE,
        Kind.LOST_ANSWER,
        "an approval is stored, and all answers are lost",
        break_write(loses_the_answer),
        outcomes.WRITTEN_UNCONFIRMED,
        "connection: ",
    ),
    Row(
        Place.WRITE,
        Kind.CONFLICT,
        "409 (the CSR was changed or decided meanwhile)",
        break_write(says(409)),
        outcomes.OVERTAKEN,
        "409",
    ),
    Row(
        Place.WRITE,
        Kind.CONFLICT,
        "404 (the CSR was deleted)",
        break_write(says(404)),
        outcomes.OVERTAKEN,
        "404",
    ),
    *(
        Row(Place.WRITE, kind, fault, break_write(how), outcome, logged)
        for kind, fault, how, outcome, logged in (
            (Kind.THROTTLED, "429", says(429, Retry_After="1"), outcomes.ONE_WAITS, "429"),
            (Kind.SERVER_ERROR, "500", says(500), outcomes.ONE_WAITS, "500"),
            (Kind.SERVER_ERROR, "503", says(503), outcomes.ONE_WAITS, "503"),
            (Kind.DENIED, "403", says(403), outcomes.ONE_WAITS, "403"),
            (Kind.RESET, "connection reset", reset, outcomes.ONE_WAITS, "connection: "),
            (Kind.UNAUTHORIZED, "401", says(401), outcomes.ONE_WAITS_TWICE, "401"),
            (
                Kind.REDIRECT,
                "307",
                says(307, Location="https://127.0.0.1:1/"),
                outcomes.ONE_WAITS_ONCE,
                "307",
            ),
            (
                Kind.GARBAGE,
                "200 with HTML",
                says(200, b"<html>"),
                outcomes.ONE_WAITS_ONCE,
                "the answer doesn't show the decision",
            ),
        )
    ),
    Row(
        Place.WRITE,
        Kind.SLOW,
        "an answer that drips until the time is used up",
        drip_answer(60, method="PUT", path=FAULTY_CSR),
        outcomes.DEFERRED,
        "the answer took too long",
    ),
    *(
        Row(Place.WRITE, kind, fault, after_page(2, how), outcome, logged)
        for kind, fault, how, outcome, logged in (
            (
                Kind.REFUSED,
                "connection refused",
                refuse_connections,
                outcomes.UNWRITTEN,
                "connection: ",
            ),
            (
                Kind.HANDSHAKE,
                "TLS handshake broken off",
                break_handshakes,
                outcomes.UNWRITTEN,
                "connection: ",
            ),
            (
                Kind.OTHER_CA,
                "certificate of another CA",
                show_other_ca,
                outcomes.UNWRITTEN_ONCE,
                "tls: ",
            ),
        )
    ),
)
