"""Attacks on the connection to a cluster: by sending the token elsewhere, or a false answer."""

from typing import Final

from tests.threats.row import Change, Row

_CONNECTION: Final = "src/adapters/api_connection.py"
_CACHE: Final = "src/adapters/cluster_cache.py"
_QUEUE: Final = "src/adapters/queue.py"
_HANDLER: Final = "src/handlers/review.py"


def _connected(options: str) -> Change:
    """Connect with these options of urllib3 instead of the context that trusts one CA."""
    return Change(
        _CONNECTION,
        'connection_pool_kw["ssl_context"] = _trusting(ca_pem)',
        f"connection_pool_kw.update({options})\n"
        "        urllib3.disable_warnings()  # a warning would fail the test",
    )


ROWS: Final = (
    Row(
        "send the token to another endpoint by a message or an invocation",
        "tests/attack/test_queue.py::test_a_body_that_resembles_an_assignment_is_refused",
        (
            Change(_QUEUE, 'extra="forbid"', 'extra="ignore"'),
            Change(_QUEUE, 'Field(pattern=f"^{CLUSTER_NAME.pattern}$")', "Field()"),
            Change(_QUEUE, 'Field(pattern=f"^{REGION_NAME.pattern}$", max_length=40)', "Field()"),
        ),
    ),
    Row(
        "make the approver review a cluster that isn't selected, by a message or an invocation",
        "tests/handlers/test_review_messages.py"
        "::TestSelection::test_a_cluster_that_is_not_selected_is_left_alone",
        (
            Change(_HANDLER, "if not selection.is_named(", "if False and not selection.is_named("),
            Change(
                "src/handlers/unreviewed.py",
                "if not selection.is_selected(",
                "if False and not selection.is_selected(",
            ),
        ),
    ),
    Row(
        "use a cluster's token at another cluster",
        "tests/adapters/test_eks_token.py::test_a_token_is_valid_at_its_own_cluster_only",
        (
            Change(
                "src/adapters/eks_token.py",
                "headers={_CLUSTER_HEADER: cluster}",
                'headers={_CLUSTER_HEADER: "any"}',
            ),
        ),
    ),
    Row(
        "get tokens signed for another cluster by an id in a cluster's description",
        "tests/adapters/test_eks_local.py::test_without_an_outpost_the_token_is_for_the_name",
        (Change("src/adapters/eks.py", "if read.outpost_config is None:", "if read.id is None:"),),
    ),
    Row(
        "have the token sent to where a cluster was, or keep an old mode, by failing calls of EKS",
        "tests/adapters/test_cluster_cache.py::test_an_answer_of_eks_ends_a_kept_description",
        (
            Change(_CACHE, "        except EksGaveNoAnswer:", "        except Exception:"),
            Change(
                _CACHE,
                "        except Exception:\n            self.forget(name, region)\n",
                "        except Exception:\n",
            ),
        ),
    ),
    Row(
        "break connections, so that a cluster that can be reached is left alone for a quarter of an"
        " hour",
        "tests/adapters/test_reach.py::test_an_endpoint_that_was_reached_is_never_left_alone",
        (
            Change(
                "src/adapters/reach.py",
                "return may_be_shut and described.endpoint not in self._connected",
                "return may_be_shut",
            ),
        ),
    ),
    Row(
        "have the reviewer wait for clusters that can't be reached, so that it gets to no other",
        "tests/handlers/test_reach.py"
        "::TestRestrictedEndpoint::test_it_is_tried_once_a_run_and_then_left_alone",
        (
            Change(_HANDLER, "            self._reach.check(described)\n", ""),
            Change(
                "src/handlers/signer_reviews.py", "is_doubtful=True) if doubtful", ") if doubtful"
            ),
        ),
    ),
    Row(
        "redirect the request with the token to another server",
        "tests/attack/test_hostile_server.py::test_a_redirect_is_not_followed_with_the_token",
        (
            Change(
                _CONNECTION,
                "retries=_NO_RETRIES,\n                redirect=False,",
                "",
            ),
        ),
    ),
    Row(
        "answer in the cluster's place with a certificate of another CA",
        "tests/adapters/test_api_connection.py::test_a_server_of_another_ca_gets_no_token",
        (_connected('cert_reqs="CERT_NONE", assert_hostname=False'),),
    ),
    Row(
        "answer in the cluster's place with a certificate of its CA for another name",
        "tests/adapters/test_api_connection.py::test_a_certificate_for_another_host_is_refused",
        (_connected("ssl_context=_trusting(ca_pem), assert_hostname=False"),),
    ),
    Row(
        "write to another object by slashes or queries in a request's name",
        "tests/attack/test_hostile_server.py::test_a_name_is_one_segment_of_the_path",
        (
            Change(
                "src/adapters/csr_api.py",
                "quote(write.csr.name, safe='')",
                "quote(write.csr.name, safe='/?#')",
            ),
        ),
    ),
)
