"""Every run makes progress, with any list and any speed of EC2, IAM and the API server."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from core.model import Action, Decision
from core.slices import SLICE
from tests.builders import NOW, a_filed_csr, an_extra
from tests.load.slow_world import SlowWorld, Speed, a_machine, asked_by

#: The slowest answers before a read time-out: 5 s for AWS, 10 s for a cluster.
SLOWEST = Speed(list=60.0, ec2=5.0, iam=5.0, write=10.0)

speeds = st.builds(
    Speed,
    list=st.floats(0.01, SLOWEST.list),
    ec2=st.floats(0.01, SLOWEST.ec2),
    iam=st.floats(0.01, SLOWEST.iam),
    write=st.floats(0.01, SLOWEST.write),
)


@given(speed=speeds, count=st.sampled_from([1, 30, SLICE + 1, 3 * SLICE]))
@tried(max_examples=12, deadline=None)
def test_every_run_approves_some_within_its_time(speed: Speed, count: int) -> None:
    """Each run also records its totals, with every CSR accounted for."""
    world = SlowWorld.of(count, speed=speed)

    for _ in range(3):
        waiting = len(world.api.pending)
        run = world.review()

        assert run.count(Action.APPROVED) >= min(8, waiting)
        assert world.left >= 0
        assert waiting == sum(run.totals.actions.values())
        assert len(world.api.pending) == run.totals.pending
    assert 3 == len(world.ledger.runs)


def test_the_slowest_answers_leave_time_to_write_some_of_a_slice() -> None:
    """The list takes its full share; EC2, IAM and each write take as long as their time-outs."""
    world = SlowWorld.of(SLICE, speed=SLOWEST)

    assert 16 == world.review().count(Action.APPROVED)
    assert 16 == world.review().count(Action.APPROVED)


def test_a_request_for_an_address_that_may_have_moved_takes_no_time_from_the_writes() -> None:
    """Which instance has the address only changes how a denial is counted."""
    machines = [a_machine(number) for number in range(SLICE)]
    public = replace(machines[0].enis[0], public="198.51.100.10")
    machines[0] = replace(machines[0], enis=(public,))
    csrs = [asked_by(machine, number) for number, machine in enumerate(machines)]
    moved = a_filed_csr(
        node=machines[0].name, dns=(machines[0].name,), ips=(public.ip, "203.0.113.9")
    )
    csrs[0] = replace(csrs[0], request=moved.request)
    world = SlowWorld(csrs, {machine.id: machine for machine in machines}, SLOWEST)

    run = world.review()

    assert (16, 1) == (run.count(Action.APPROVED), run.due(Decision.DENY))


def test_many_profiles_and_a_slow_iam_delay_their_own_nodes_only() -> None:
    """One run reads a few profiles, the next run others, and known roles are kept."""
    world = SlowWorld.of(SLICE, profiles=40, speed=Speed(iam=5.0))
    approved: list[int] = []

    while world.api.pending and len(approved) < 10:
        approved.append(world.review().count(Action.APPROVED))

    assert {} == world.api.pending
    assert all(approved)
    assert 40 == len(world.iam.asked) == len(set(world.iam.asked))


def test_ten_thousand_undecided_csrs_hide_no_newer_one() -> None:
    """The undecided CSRs are judged in every run, and one run judges a quarter of them.

    The nodes behind them are approved while their kubelets still wait: within 15 minutes.
    """
    machines = [a_machine(number) for number in range(40)]
    behind = [asked_by(machine, n, age=timedelta(seconds=95)) for n, machine in enumerate(machines)]
    later = [
        replace(
            behind[0],
            name=f"a-{number}",
            uid=f"a-{number}",
            username=f"system:node:{number}",
            extra=an_extra(a_machine(1_000 + number).id),
            created=NOW - timedelta(seconds=200),
        )
        for number in range(10_000)
    ]
    world = SlowWorld(later + behind, {machine.id: machine for machine in machines}, Speed(ec2=2.5))

    for _ in range(8):
        assert world.review(mode="approve-only").count(Action.DEFERRED) > 5_000

    assert {csr.name for csr in behind} == {write.csr.name for write in world.api.written}


def test_six_overlapping_runs_work_on_different_slices() -> None:
    """The six list the same CSRs, ten seconds apart, and each has time for two slices."""
    machines = [a_machine(number) for number in range(12 * SLICE)]
    csrs = [asked_by(machine, number) for number, machine in enumerate(machines)]
    done: list[set[int]] = []

    for number in range(6):
        world = SlowWorld(csrs, {instance.id: instance for instance in machines}, Speed(ec2=20.0))
        world.clock.advance(10.0 * number)
        world.review()
        done.append({int(write.csr.name[4:]) // SLICE for write in world.api.written})

    assert all(0 in actions and 2 == len(actions) for actions in done)
    assert 7 == len(set().union(*done))
