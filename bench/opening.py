"""The part of P18 that reads: messages taken apart, beside Python's own parser.

Ours in the process apart with all that this costs (a fork, files, what it says in
JSON), each attachment's bytes at hand and hashed; theirs parses and decodes nothing.
"""

import io
import os
import tracemalloc
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from app.collection.reading import reading_of
from app.mailroom.opening import opening
from bench.measuring import Series, alternate, timed

FILES = 3
EACH = 150_000  # bytes: an invoice with its logo


def letters(count: int, each: int = EACH) -> list[bytes]:
    """Messages as suppliers write them, no two alike."""
    return [_letter(number, each) for number in range(count)]


def _letter(number: int, each: int) -> bytes:
    message = EmailMessage()
    message["From"] = f"Fournitures {number} <compta{number}@supplier.example>"
    message["Subject"] = f"Votre facture été {number}"
    message["Message-ID"] = f"<{number}@supplier.example>"
    message.set_content("Bonjour,\nveuillez trouver ci-joint votre facture.\n")
    for rank in range(FILES):
        content = b"%PDF-1.4\n" + os.urandom(each)
        name = f"Facture été {number}-{rank}.pdf"
        message.add_attachment(content, "application", "pdf", filename=name)
    return message.as_bytes(policy=policy.SMTP)


def compared(messages: list[bytes]) -> tuple[Series, Series]:
    """(ours, theirs), of all messages. Needs an application's context."""
    ours, theirs = alternate(
        lambda: [timed(lambda: _each(_ours, messages))],
        lambda: [timed(lambda: _each(_theirs, messages))],
    )
    return ours, theirs


def _each(act: Callable[[bytes], None], messages: list[bytes]) -> None:
    for raw in messages:
        act(raw)


def _ours(raw: bytes) -> None:
    with reading_of(io.BytesIO(raw)) as found:
        if len(found.documents) != FILES:
            raise RuntimeError(f"{found.defect or found.documents}")


def _theirs(raw: bytes) -> None:
    message = BytesParser(policy=policy.default).parsebytes(raw)
    if len(list(message.iter_attachments())) != FILES:
        raise RuntimeError("it has other parts")


def most_memory(messages: list[bytes]) -> float:
    """The largest share of its size that one takes in the process that reads it."""
    return max(_memory(raw) / len(raw) for raw in messages)


def _memory(raw: bytes) -> float:
    source = io.BytesIO(raw)
    with open(os.devnull, "wb") as nothing:
        tracemalloc.start()
        try:
            opening.opened(source, nothing, most=len(raw), unzip=False)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
