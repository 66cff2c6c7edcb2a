"""The conversation that a message stands in, as an answer to it says so (RFC 5322,
3.6.4): the messages before it and its own name, the newest last."""

import re
from collections.abc import Iterable

from app.collection.models import InboundMail

LONGEST = 900  # characters: one line of a header (RFC 5322, 2.1.1)
_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>")


def before(answers: Iterable[str]) -> str:
    """Of what a message says that it answers, the nearest first."""
    return _joined(reversed(list(answers)))


def of(mail: InboundMail) -> str:
    """Nothing where the message has no name that can be told."""
    return _joined((mail.thread, mail.message_id)) if _ids(mail.message_id) else ""


def _joined(texts: Iterable[str]) -> str:
    """What is too long loses its middle: how it began, and the newest, are kept."""
    ids = list(dict.fromkeys(one for text in texts for one in _ids(text)))
    while len(" ".join(ids)) > LONGEST:
        del ids[1 if len(ids) > 2 else 0]
    return " ".join(ids)


def _ids(text: str) -> list[str]:
    """Without any sign that a header could be cut or spelt anew by."""
    return _ID.findall(text)
