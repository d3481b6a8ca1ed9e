"""One line of the rule book."""

from dataclasses import dataclass

from core.model import Case, Effect

DENY, LEAVE = Effect.DENY, Effect.LEAVE


@dataclass(frozen=True)
class Line:
    """One line: the check, the sentence, the case, and the refusal it gives (None: it passes)."""

    check: str
    sentence: str
    case: Case
    effect: Effect | None = None
    reason: str = ""
    detail: str = ""

    @property
    def id(self) -> str:
        outcome = self.effect.value if self.effect else "ok"
        return f"{outcome}/{self.check}/{self.sentence}".replace(" ", "-")
