"""The queue between the functions: messages are received, received again, expire, or fail."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.queue import Assignment


@dataclass(slots=True)
class Message:
    """One message. Times are minutes. `body`: an assignment, or what someone else has sent.

    `delay`: seconds, less than a minute, before it is visible for the first time.
    """

    body: Assignment | str
    sent: int
    visible: int
    receives: int = 0
    delay: int = 0


class Queue:
    """The queue of the template, and its dead letters, which stay until someone deletes them.

    A message that was received as often as is allowed becomes a dead letter instead.
    From: Amazon SQS Developer Guide, "Using dead-letter queues".
    """

    def __init__(self, properties: Mapping[str, Any]) -> None:
        """`properties`: those of the template's queue."""
        self._retention = properties["MessageRetentionPeriod"] // 60
        self._visibility = properties["VisibilityTimeout"] // 60
        self._receives = properties["RedrivePolicy"]["maxReceiveCount"]
        self._messages: list[Message] = []
        self.dead = 0

    def send(self, body: Assignment | str, minute: int, delay: int = 0) -> None:
        """Put a message into the queue."""
        self._messages.append(Message(body, minute, minute, delay=delay))

    def expire(self, minute: int) -> None:
        """Drop what is too old."""
        self._messages = [one for one in self._messages if minute - one.sent < self._retention]

    def oldest(self, minute: int) -> int:
        """Return the age of the oldest message at the end of this minute, in minutes."""
        return max((minute + 1 - one.sent for one in self._messages), default=0)

    def receive(self, minute: int) -> Iterator[Message]:
        """Yield the visible messages. Each is then hidden for the visibility time-out."""
        for message in [one for one in self._messages if one.visible <= minute]:
            if message.receives == self._receives:
                self.dead += 1
                self._messages.remove(message)
                continue
            message.receives += 1
            message.visible = minute + self._visibility
            yield message

    def delete(self, done: list[Message]) -> None:
        """Remove messages that were handled."""
        handled = set(map(id, done))
        self._messages = [one for one in self._messages if id(one) not in handled]
