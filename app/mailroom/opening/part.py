"""One part of a message: its headers, and where its body lies."""

from dataclasses import dataclass, field
from email.message import Message

from app.mailroom.parts import type_of

MESSAGES = {"message/rfc822", "message/global", "message/news"}


@dataclass
class Part:
    """Its body is `whole[start:end]`, encoded as it came. `message` has its headers,
    and as payload the parts, or the text where it is one that is read."""

    message: Message
    whole: bytes
    start: int
    end: int
    parts: list["Part"] = field(default_factory=list)
    # Of the attached message that it stands in; 0 for the mail itself.
    level: int = 0
    # One of several.
    is_inside: bool = False

    @property
    def kind(self) -> str:
        return type_of(self.message)

    @property
    def is_message(self) -> bool:
        return self.kind in MESSAGES
