"""A cluster's list and its account, to be diagnosed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.diagnose.diagnosis import DiagnosedCsr, Diagnosis, diagnosis
from core.model import Csr, Instance, UnreadableCsr
from core.settings import ReviewSettings
from tests.builders import a_cluster, an_instance, settings
from tests.core.fakes import FakeApi, FakeClock, FakeFleet


@dataclass
class World:
    """A cluster's list and its account; healthy unless a case says otherwise."""

    items: Sequence[Csr | UnreadableCsr]
    instances: Sequence[Instance] = field(default_factory=lambda: (an_instance(),))
    fleet: dict[str, Any] = field(default_factory=dict)
    settings: ReviewSettings = field(default_factory=settings)
    api: dict[str, Any] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)

    def diagnosis(self) -> Diagnosis:
        fleet = FakeFleet(self.instances, **self.fleet)
        api = FakeApi(self.items, **self.api)
        made = diagnosis(a_cluster(), self.settings, api, fleet, self.clock)
        assert [] == api.written
        return made


def the_one(world: World) -> DiagnosedCsr:
    [csrs] = world.diagnosis().csrs
    return csrs
