"""An example of what a check passes or refuses."""

from dataclasses import dataclass

from core.model import Case, Effect

DENY, LEAVE = Effect.DENY, Effect.LEAVE


@dataclass(frozen=True)
class CheckExample:
    """A case, and what a check makes of it: the refusal, or no effect if the check passes it."""

    check: str
    description: str
    case: Case
    effect: Effect | None = None
    reason: str = ""
    detail: str = ""

    @property
    def id(self) -> str:
        outcome = self.effect.value if self.effect else "ok"
        return f"{outcome}/{self.check}/{self.description}".replace(" ", "-")
