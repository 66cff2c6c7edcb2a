"""What other products did to the names of files in mails (bugs.md, B01 to B19): each
is handed in by `flask mail-in`, and asked after in the library and at the tool."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.collection.models import InboundMail
from app.db import db
from app.delivery import tick
from app.library.models import Version
from tests.cast import House
from tests.collection.by_command import Bring, names, only_mail, saved_as
from tests.collection.parts import PDF, TEXT, mail, multipart, part
from tests.collection.sending import BANQUE
from tests.smtp import MailServer

ATTACHED = "Content-Disposition: attachment"
TYPED = "Content-Type: application/pdf"
DORA = "Dora Dune <dora@dune.test>"


WRITTEN = {
    "b01": (
        "filename*0*=UTF-8''Relev%C3%A9%20; filename*1*=d%E2%80%99avril.pdf",
        "Relevé d’avril.pdf",
    ),
    "b01, in many pieces": (
        ";\r\n ".join(f"filename*{n}={chr(97 + n)}" for n in range(12))
        + ";\r\n filename*12=.pdf",
        "abcdefghijkl.pdf",
    ),
    "b02": (
        'filename="=?utf-8?B?RmFjdHVyZSA=?=\r\n =?utf-8?B?w6l0w6kucGRm?="',
        "Facture été.pdf",
    ),
    "b02, without quotes": (
        "filename==?utf-8?B?RmFjdHVyZSA=?=\r\n\t=?utf-8?Q?=C3=A9t=C3=A9.pdf?=",
        "Facture été.pdf",
    ),
    "b04": (
        'filename="=?iso-8859-1?Q?re=E7u_?= =?utf-8?B?4oKsLnBkZg==?="',
        "reçu €.pdf",
    ),
    "b04, three": (
        'filename="=?koi8-r?B?0w==?= =?iso-8859-15?Q?=A4?= =?utf-8?Q?_=C3=A9.pdf?="',
        "с€ é.pdf",
    ),
}


@pytest.mark.parametrize("case", WRITTEN)
@pytest.mark.parametrize("kind", ["application/pdf", "application/octet-stream"])
def test_b01_b02_b04_a_name_arrives_as_it_was_meant_and_leaves_so(
    bring: Bring, house: House, post: MailServer, case: str, kind: str
) -> None:
    written, name = WRITTEN[case]
    house.switch("on")
    headers = f"Content-Type: {kind}\r\n{ATTACHED}; {written}"
    said = bring(mail(multipart(TEXT, part(headers))))
    assert (said["state"], len(said["documents"])) == ("filed", 1)
    assert names() == [name]
    assert db.session.scalars(select(Version.content_type)).all() == ["application/pdf"]
    tick.run()
    assert [message.file_name for message in post.messages] == [name]


def test_b11_dots_colons_and_capitals_are_kept_of_what_comes_by_mail(
    bring: Bring, house: House, app: Flask, post: MailServer
) -> None:
    wanted = ["Avis 04.04.2024.pdf", "Invoice: 12 v. 29.03.2024.pdf", "FACTURE.PDF"]
    house.switch("on")
    kind = "Content-Type: application/octet-stream"
    parts = [part(f'{kind}\r\n{ATTACHED}; filename="{name}"') for name in wanted]
    bring(mail(multipart(TEXT, *parts)))
    assert names() == wanted
    assert [saved_as(app, house, name) for name in wanted] == [PDF] * 3
    tick.run()
    assert sorted(message.file_name for message in post.messages) == sorted(wanted)


@pytest.mark.parametrize("subject", ["Votre facture", "", "=?utf-8?Q?=00?=", "a/b.pdf"])
def test_b09_what_has_no_name_gets_one_that_can_be_read(
    bring: Bring, subject: str
) -> None:
    """Two in one mail, and one in the next: all are called otherwise."""
    nameless = f"{TYPED}\r\n{ATTACHED}"
    bring(mail(multipart(TEXT, part(nameless), part(nameless, PDF + b"\n")), subject))
    bring(mail(part(nameless, PDF + b"\n\n"), subject))
    found = names()
    assert len(set(found)) == 3
    for name in found:
        assert name.endswith(".pdf")
        assert len(name) > len("1.pdf")
        assert "/" not in name


CONTROLS = [*(f"%{number:02X}" for number in (0, 1, 7, 9, 10, 13, 27, 127)), "%C2%85"]


@pytest.mark.parametrize("mark", CONTROLS)
def test_b17_a_control_character_in_a_name_is_taken_out_of_what_comes_by_mail(
    bring: Bring, app: Flask, house: House, mark: str
) -> None:
    headers = f"{TYPED}\r\n{ATTACHED}; filename*=UTF-8''fac{mark}ture.pdf"
    bring(mail(multipart(TEXT, part(headers)), "=?utf-8?Q?fac=00t?="))
    [name] = names()
    assert name.replace(" ", "") == "facture.pdf"
    assert name.isprintable()
    assert only_mail().subject == "fact"
    assert saved_as(app, house, name) == PDF


@pytest.mark.parametrize("nul", ["\x00", "=?utf-8?Q?=00?=", "=?utf-8?B?AA==?="])
def test_b17_a_nul_in_whatever_a_mail_says_keeps_no_document_out(
    bring: Bring, nul: str
) -> None:
    """PostgreSQL takes none in a text; SQLite does."""
    headers = "".join(
        f"{name}: {value.replace('.', nul, 1)}\r\n"
        for name, value in {
            "Message-ID": "<a.b@supplier.test>",
            "References": "<o.ld@x.test> <older@x.test>",
            "In-Reply-To": "<o.ld@x.test>",
            "Reply-To": "x.y@supplier.test",
            "Date": "Mon. 1 Jan 2026",
            "Authentication-Results": "mx.test; dkim=pass header.d=x",
            "X-Delivery-Id": "1.2",
            "Auto-Submitted": "no.",
            "Received": "from a.test by b",
            "List-Unsubscribe": "<mailto:x.y@z>",
        }.items()
    )
    inside = part(f"Content-Type: appli{nul}cation/pdf; name=a{nul}.pdf\r\nX: {nul}")
    text = part(f"Content-Type: text/plain; charset=u{nul}tf-8", f"Bon{nul}jour")
    raw = mail(multipart(text, inside), f"Fac{nul}ture", headers)
    raw = raw.replace(b"Fournitures", f"Four{nul}nitures".encode())
    assert bring(raw)["state"] == "filed"
    assert names() == ["a.pdf"]
    assert bring(raw.replace(b"a.b", b"a"), BANQUE)["state"] == "quarantined"
    for kept in db.session.scalars(select(InboundMail)):
        said = (kept.subject, kept.text, kept.from_name, kept.message_id, kept.thread)
        assert not any("\x00" in text for text in said)


INJECTED = [
    "a.pdf%0D%0ABcc:%20x@evil.test",
    "a.pdf%0ABcc:%20x@evil.test",
    "a.pdf%0DBcc:%20x@evil.test",
    "a.pdf%0D%0A%0D%0A--frontier",
    *(f"a.pdf{mark}Bcc:%20x@evil.test" for mark in ("%0B", "%0C", "%C2%85")),
    *(f"a.pdf{mark}Bcc:%20x@evil.test" for mark in ("%E2%80%A8", "%E2%80%A9")),
    "%0D%0Aa.pdf",
    "a.%0D%0Apdf",
]


@pytest.mark.parametrize("written", INJECTED)
@pytest.mark.parametrize("form", ["2231", "2047"])
def test_b19_a_line_break_in_a_name_that_came_by_mail_adds_nothing_to_the_message(
    bring: Bring, house: House, post: MailServer, written: str, form: str
) -> None:
    house.switch("on")
    named = f"filename*=utf-8''{written}"
    if form == "2047":
        named = f'filename="=?utf-8?Q?{written.replace("%", "=")}?="'
    subject = "=?utf-8?Q?Facture=0D=0ABcc:_y@evil.test?="
    bring(mail(multipart(TEXT, part(f"{TYPED}\r\n{ATTACHED}; {named}")), subject))
    tick.run()
    [message] = post.messages
    assert message.recipient == "purchases.dune-alder@tool.test"
    assert message.message["Bcc"] is None
    assert message.content == PDF
    assert names() == [message.file_name]
    assert re.fullmatch(r"a\.pdf(\.pdf)?", message.file_name)
