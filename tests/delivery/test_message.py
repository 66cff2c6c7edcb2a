"""The message itself: what any reader of mail makes of it."""

import hashlib
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from app.delivery import message
from app.delivery.message import LINE, PIECE, Altered, Letter

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 40
LONG = f"Relevé d’avril – très long {'é' * 89}.pdf"
HUNDRED_KB = 100_000


def letter(name: str = "Facture.pdf", content: bytes = PDF) -> Letter:
    return Letter(
        message_id="<0191.1@mail.guichet.test>",
        date=datetime(2026, 11, 25, 10, 15, tzinfo=UTC),
        sender="quickbooks+dune@mail.guichet.test",
        recipient="dune@tool.test",
        file_name=name,
        content_type="application/pdf",
        sha256=hashlib.sha256(content).hexdigest(),
        delivery_id="01910000-0000-7000-8000-000000000000",
    )


def written(given: Letter, content: bytes = PDF) -> bytes:
    body = message.body(io.BytesIO(content), given.sha256)
    return message.head(given) + b"".join(body) + message.foot(given)


def parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def file_of(raw: bytes) -> EmailMessage:
    (part,) = parsed(raw).iter_attachments()
    return part


def read(name: str) -> str | None:
    return file_of(written(letter(name))).get_filename()


def naive(name: str) -> str:
    """What a program finds that knows only `filename="…"`."""
    found = re.search(rb'filename="([^"]*)"', written(letter(name)))
    assert found, name
    return found[1].decode("ascii")


@pytest.mark.parametrize(
    "size", [1, LINE - 1, LINE, LINE + 1, PIECE - 1, PIECE, PIECE + 1, 200_000]
)
def test_the_file_comes_out_byte_for_byte(size: int) -> None:
    content = (PDF * (size // len(PDF) + 1))[:size]
    raw = written(letter(content=content), content)
    assert file_of(raw).get_payload(decode=True) == content
    assert message.wire_size(letter(content=content), size) == len(raw)


def test_a_store_that_reads_in_small_pieces_changes_nothing() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 1000))

    body = message.body(Slow(PDF), letter().sha256)
    assert b"".join(body) == b"".join(message.body(io.BytesIO(PDF), letter().sha256))


@pytest.mark.parametrize(
    "name",
    [
        "Facture.pdf",
        "Facture n°12 – été.pdf",
        LONG,
        "é" * 251 + ".pdf",
        "😀" * 120 + ".pdf",
        "契約書 第3号.pdf",
        "l'avoir; filename=x.exe; a%20b.pdf",
        'a"b\\c.pdf',
        "utf-8''%41.pdf",
        "sans ending",
        "=?utf-8?b?eA==?=.pdf",
    ],
)
def test_b97_the_name_is_read_as_it_was_written(name: str) -> None:
    assert read(name) == name
    assert max(len(line) for line in written(letter(name)).split(b"\r\n")) <= 998
    assert parsed(written(letter(name)))["To"] == "dune@tool.test"


@pytest.mark.parametrize(
    ("name", "fallback"),
    [
        ("Facture n°12 – été.pdf", "Facture n12 - ete.pdf"),
        ("œuvre d’art.PDF", "oeuvre d'art.PDF"),
        ("契約書.pdf", "document.pdf"),
        ('a"b\\c.pdf', "a_b_c.pdf"),
        ("....pdf", "document.pdf"),
    ],
)
def test_b97_old_readers_find_a_plain_name(name: str, fallback: str) -> None:
    assert naive(name) == fallback


def test_b97_the_plain_name_of_a_long_one_keeps_its_ending() -> None:
    assert naive(LONG).startswith("Releve d")
    assert naive(LONG).endswith(".pdf")
    assert len(naive(LONG)) <= 64


@pytest.mark.parametrize(
    "name",
    [
        "a.pdf\r\nBcc: x@evil.test",
        "a\nBcc: x@evil.test\n\n.pdf",
        "a\x00\x1b\x7f\u2028Bcc: x@evil.test\u202e.pdf",
        "a\x85Bcc: x@evil.test\ud800.pdf",
    ],
)
def test_b19_no_name_can_add_a_header(name: str) -> None:
    mail = parsed(written(letter(name)))
    assert mail["Bcc"] is None
    assert [part.get_content_type() for part in mail.iter_parts()] == [
        "text/plain",
        "application/pdf",
    ]
    shown = file_of(written(letter(name))).get_filename() or ""
    assert shown == shown.strip()
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028]", shown)


def test_the_headers_say_who_and_what_and_nothing_more() -> None:
    mail = parsed(written(letter("Facture été.pdf")))
    assert mail["From"] == "quickbooks+dune@mail.guichet.test"
    assert mail["Subject"] == "Facture été.pdf"
    assert mail["Message-ID"] == "<0191.1@mail.guichet.test>"
    assert mail["Date"].datetime == letter().date
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"] is None
    assert mail.defects == []
    assert all(part.defects == [] for part in mail.walk())


def test_every_try_is_the_same_byte_for_byte() -> None:
    assert written(letter(LONG)) == written(letter(LONG))


def test_a_repeat_after_a_doubt_differs_by_one_line_only() -> None:
    first, second = written(letter()), written(replace(letter(), attempt=2))
    assert second.replace(b"X-Delivery-Attempt: 2\r\n", b"") == first
    assert second != first


@pytest.mark.parametrize("found", [PDF[:-1] + b"!", PDF[:-1], PDF + b"!", b""])
def test_other_bytes_than_were_deposited_never_come_to_their_end(found: bytes) -> None:
    with pytest.raises(Altered):
        written(letter(), found)


@pytest.mark.parametrize("size", [HUNDRED_KB, 1_000_000, 14_000_000])
@pytest.mark.parametrize("name", ["Facture.pdf", LONG])
def test_the_estimate_of_its_size_is_enough_and_near(size: int, name: str) -> None:
    true_size = message.wire_size(letter(name), size)
    assert true_size <= message.encoded_size(size) <= true_size * 1.02


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("application/pdf", "application/pdf"),
        ("message/rfc822", "application/octet-stream"),
        ("text/html\r\nBcc: x", "application/octet-stream"),
    ],
)
def test_the_type_is_said_when_base64_may_carry_it(given: str, said: str) -> None:
    raw = written(replace(letter(), content_type=given))
    assert file_of(raw).get_content_type() == said
