"""What the mail server may answer, and how a sending may end."""

from dataclasses import dataclass

OUR_CREDENTIALS = {530, 534, 535, 538}  # codes by which a server refuses us


@dataclass(frozen=True)
class Reply:
    """What the server said. `phase`: connect, mail, rcpt, data, body or dot.

    The code is 0 when nothing was said: the text then tells what went wrong.
    """

    phase: str
    code: int
    text: str

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def enhanced(self) -> str:
        """The status code of RFC 3463 («5.1.1») when there is one."""
        first = self.text.split(" ", 1)[0]
        parts = first.split(".")
        known = len(parts) == 3 and all(part.isdecimal() for part in parts)
        return first if known and len(first) <= 12 else ""


@dataclass(frozen=True)
class Options:
    """Parameters of MAIL and RCPT for a server that reports (RFC 3461)."""

    mail: tuple[str, ...] = ()
    rcpt: tuple[str, ...] = ()


NO_OPTIONS = Options()


class NoServer(Exception):
    """No session can be had: not this message's fault. Nothing was sent."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Unsent(Exception):
    """Refused before the final dot, or the line was cut: nothing was sent."""

    def __init__(self, reply: Reply, *, line_is_cut: bool = False) -> None:
        super().__init__(reply.text)
        self.reply = reply
        self.line_is_cut = line_is_cut or reply.code in {421, -1}


class Unanswered(Exception):
    """The final dot left and no answer came: it may or may not have been taken."""


class Stopped(Exception):
    """The caller said no at the last moment: the dot was not sent."""
