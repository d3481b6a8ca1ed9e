"""Stories of the whole stack: AWS refuses, a function doesn't run, metrics are lost or forged."""

from collections.abc import Iterator

from adapters.ledger_metrics import NAMESPACE
from tests.simulation.deployment import STACK
from tests.simulation.fleet import Fleet
from tests.simulation.running import Running
from tests.simulation.script import Story
from tests.simulation.world.timeline import MINUTE


def aws_refuses(*, eks: str = "", ec2: str = "", iam: str = "") -> Story:
    """AWS answers with an error."""

    def story(fleet: Fleet) -> Iterator[None]:
        fleet.account.set_errors(eks=eks, ec2=ec2, iam=iam)
        yield
        fleet.account.set_errors()

    return story


def without_evidence(cluster: str, *, ec2: str = "", iam: str = "") -> Story:
    """EC2 or IAM refuses, while nodes join whose names EKS doesn't verify."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        with where.eks.overlooking_all():
            fleet.scale_out(where, 3)
            yield from aws_refuses(ec2=ec2, iam=iam)(fleet)

    return story


def dispatcher(running: Running) -> Story:
    """The dispatcher crashes, is throttled, or isn't invoked."""

    def story(fleet: Fleet) -> Iterator[None]:
        fleet.deployment.dispatcher_runs = running
        yield
        fleet.deployment.dispatcher_runs = Running.NORMAL

    return story


def delete_dead_letters(fleet: Fleet) -> None:
    """Delete them, as the runbook says once they have been read."""
    fleet.deployment.queue.dead = 0


def reviewer(running: Running) -> Story:
    """The reviewer crashes, is throttled, or isn't invoked; later its dead letters are deleted."""

    def story(fleet: Fleet) -> Iterator[None]:
        fleet.deployment.reviewer_runs = running
        yield
        fleet.deployment.reviewer_runs = Running.NORMAL
        fleet.timeline.after(5 * MINUTE, lambda: delete_dead_letters(fleet))

    return story


def forged_message(fleet: Fleet) -> Iterator[None]:
    """Someone puts a message into the queue that is no assignment."""
    fleet.deployment.forged.append('{"cluster": "c01; DROP"}')
    yield
    delete_dead_letters(fleet)


def our_metrics_lost(fleet: Fleet) -> Iterator[None]:
    """The functions' log lines don't reach CloudWatch, nor do the metrics in them."""
    fleet.deployment.our_metrics_lost = True
    yield
    fleet.deployment.our_metrics_lost = False


def dispatchers_metrics_lost(fleet: Fleet) -> Iterator[None]:
    """The dispatcher's log group is gone, so its metrics don't reach CloudWatch either."""
    fleet.deployment.dispatchers_metrics_lost = True
    yield
    fleet.deployment.dispatchers_metrics_lost = False


def everything_silent(fleet: Fleet) -> Iterator[None]:
    """No metric reaches CloudWatch, not even those of Lambda and SQS."""
    fleet.deployment.all_metrics_lost = True
    yield
    fleet.deployment.all_metrics_lost = False


def deploy(fleet: Fleet) -> Iterator[None]:
    """An update replaces both functions."""
    fleet.deployment.deploy()
    yield


def hostile_data(bad: Story, cluster: str) -> Story:
    """Someone who may put metrics sends negative values, which would hide `Denied` in a sum."""

    def story(fleet: Fleet) -> Iterator[None]:
        running = [True]
        stack = frozenset({("Stack", STACK)})
        of_cluster = stack | {("Cluster", cluster), ("Region", "eu-west-1")}

        def forge() -> None:
            minute = int(fleet.timeline.seconds / MINUTE)
            for dimensions in (stack, of_cluster):
                fleet.deployment.put(minute, (NAMESPACE, "Denied", dimensions), -1e6)
            if running:
                fleet.timeline.after(MINUTE, forge)

        forge()
        yield from bad(fleet)
        running.clear()

    return story
