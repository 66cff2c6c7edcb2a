"""What other products made of the letters that people really send (bugs.md, B01 to B24
and B41): each is handed in by `flask mail-in`, and asked after as a document."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.collection.models import InboundMail, InboundPart
from app.db import db
from app.delivery import tick
from app.library.models import Document, Folder, Version
from app.notices.models import Notice
from tests.cast import House, signed_in
from tests.collection.letters import letter
from tests.collection.parts import PDF, TEXT, html, mail, multipart, part, photo_of
from tests.collection.sending import BANQUE, COMPTA
from tests.collection.signing import Zone, signed
from tests.smtp import MailServer

ATTACHED = "Content-Disposition: attachment"
TYPED = "Content-Type: application/pdf"
DORA = "Dora Dune <dora@dune.test>"

Bring = Callable[..., dict[str, Any]]


@pytest.fixture
def bring(app: Flask, house: House) -> Bring:
    """Hand in one message; gives what the command says of it."""
    runner = app.test_cli_runner()

    def one(
        raw: bytes, to: str = COMPTA, sender: str = "facturation@supplier.test"
    ) -> dict[str, Any]:
        words = ["mail-in", "--to", to, "--from", sender]
        result = runner.invoke(args=words, input=raw)
        assert result.exit_code == 0, result.output
        db.session.rollback()
        db.session.expire_all()
        said: dict[str, Any] = json.loads(result.output)
        return said

    return one


def names() -> list[str]:
    return list(db.session.scalars(select(Document.name).order_by(Document.id)))


def only_mail() -> InboundMail:
    return db.session.scalars(select(InboundMail)).one()


def saved_as(app: Flask, house: House, name: str) -> bytes:
    """What the client gets who downloads it."""
    document = db.session.scalars(select(Document).where(Document.name == name)).one()
    answer = signed_in(app, house.manager).get(f"/documents/{document.id}/download")
    assert answer.status_code == 200
    data: bytes = answer.data
    return data


# Names

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


# Which parts are documents

PLACED = {
    "b06": multipart(
        TEXT, part("Content-Type: application/octet-stream; name=F2026-11.pdf")
    ),
    "b06, alone": part("Content-Type: application/octet-stream; name=F2026-11.pdf"),
    "b07": multipart(
        html("<p>Bonjour"),
        part(f"{TYPED}\r\nContent-Disposition: inline; filename=F2026-11.pdf"),
        html("<p>A bient&ocirc;t"),
    ),
    "b14": multipart(
        multipart(
            html('<img src="cid:logo@x">'),
            part("Content-Type: image/png\r\nContent-ID: <logo@x>", photo_of(90, 40)),
            kind="related",
        ),
        part(f"{TYPED}; name=F2026-11.pdf\r\nContent-ID: <unused@x>"),
    ),
    "b14, all in one": multipart(
        html('<img src="cid:logo@x">'),
        part("Content-Type: image/png\r\nContent-ID: <logo@x>", photo_of(90, 40)),
        part(f"{TYPED}; name=F2026-11.pdf\r\nContent-ID: <unused@x>"),
        kind="related",
    ),
}


@pytest.mark.parametrize("case", PLACED)
def test_b06_b07_b14_a_pdf_is_filed_whatever_is_said_of_its_place(
    bring: Bring, app: Flask, house: House, case: str
) -> None:
    assert bring(mail(PLACED[case]))["state"] == "filed"
    assert names() == ["F2026-11.pdf"]
    assert saved_as(app, house, "F2026-11.pdf") == PDF


def test_b12_what_is_in_a_mail_that_was_attached_is_filed(bring: Bring) -> None:
    """As Outlook forwards: the outer one is empty, the inner one has no name."""
    inner = mail(multipart(TEXT, part(f"{TYPED}; name=facture.pdf")))
    nameless = part("Content-Type: message/rfc822", inner, is_encoded=False)
    bring(mail(multipart(part("Content-Type: text/plain", ""), nameless)))
    assert names() == ["facture.pdf"]


@pytest.mark.parametrize(
    "body",
    [
        part("Content-Type: application/pdf; name=F.pdf"),
        multipart(TEXT, part(f"{TYPED}; name=F.pdf")),
        multipart(
            multipart(TEXT, html(), kind="alternative"), part(f"{TYPED}; name=F.pdf")
        ),
        multipart(html(), part(f"{TYPED}; name=F.pdf"), html(), TEXT),
    ],
)
def test_b21_a_mail_with_one_pdf_is_one_document(bring: Bring, body: bytes) -> None:
    assert len(bring(mail(body))["documents"]) == 1
    assert names() == ["F.pdf"]


# Nothing in silence


def told(kind: str) -> list[str]:
    found = select(Notice.recipient).where(Notice.kind == kind)
    return sorted(db.session.scalars(found))


ORDER = part("Content-Type: text/html; charset=utf-8", "<h1>Facture 12</h1><p>120 €")


@pytest.mark.parametrize("sender", [DORA, "Shop <shop@supplier.test>"])
@pytest.mark.parametrize("to", [COMPTA, BANQUE])
def test_b22_an_invoice_that_is_the_text_itself_is_never_met_with_silence(
    bring: Bring, house: House, zone: Zone, sender: str, to: str
) -> None:
    raw = mail(ORDER, "Votre commande").replace(
        b"Fournitures <compta@supplier.test>", sender.encode()
    )
    raw = raw.replace(b"MIME", b"Message-ID: <1@x.test>\r\nTo: x@y.test\r\nMIME", 1)
    raw = signed(raw, sender.rpartition("@")[2].rstrip(">"))
    assert bring(raw, to)["state"] == "quarantined"
    assert told("quarantine") == [house.admin.email, house.staff.email]
    assert told("receipt") == (["dora@dune.test"] if sender == DORA else [])
    assert "Facture 12" in only_mail().text


def test_b22_what_a_circular_says_can_be_seen_where_its_address_is(
    bring: Bring, house: House, app: Flask
) -> None:
    """Nobody is written to about circulars; none is gone for whoever looks."""
    raw = mail(ORDER, "Votre commande", "List-Id: <shop.supplier.test>\r\n")
    assert bring(raw)["state"] == "ignored"
    ada = signed_in(app, house.admin)
    page = ada.get(f"/companies/{house.dune.slug}/automation").text
    assert "compta@supplier.test" in page or "Fournitures" in page
    assert "Ignoré" in page


EMPTY = [
    part(f"{TYPED}; name=vide.pdf", b""),
    part(f"{TYPED}; name=vide.pdf", "", is_encoded=False),
    part(f"{TYPED}; name=vide.pdf\r\nContent-Transfer-Encoding: base64", "\r\n \r\n"),
    part(f"{TYPED}; name=vide.pdf\r\n{ATTACHED}; size=0", b""),
]


@pytest.mark.parametrize("empty", EMPTY)
def test_b24_an_empty_attachment_is_told_and_never_leaves(
    bring: Bring, house: House, zone: Zone, post: MailServer, empty: bytes
) -> None:
    house.switch("on")
    raw = mail(multipart(TEXT, empty, part(f"{TYPED}; name=ok.pdf")))
    raw = raw.replace(b"Fournitures <compta@supplier.test>", DORA.encode())
    raw = raw.replace(b"MIME", b"Message-ID: <1@x.test>\r\nTo: x@y.test\r\nMIME", 1)
    bring(signed(raw, "dune.test"), sender="dora@dune.test")
    assert names() == ["ok.pdf"]
    [receipt] = db.session.scalars(select(Notice).where(Notice.kind == "receipt"))
    assert "vide.pdf – le fichier est vide" in receipt.text
    tick.run()
    assert [m.file_name for m in post.messages if "tool" in m.recipient] == ["ok.pdf"]


def test_b24_an_empty_attachment_alone_is_nothing_to_file(
    bring: Bring, house: House
) -> None:
    said = bring(mail(multipart(TEXT, EMPTY[0])))
    assert (said["state"], said["reason"]) == ("quarantined", "nothing_to_file")
    assert told("quarantine")


# What cannot be read

CHARSETS = [
    "utf-8 euao6y",
    "unknown",
    "cp-850",
    "x-unknown",
    "=?utf-8?Q?a?=",
    "",
    "zlib_codec",
    "rot13",
    "undefined",
    "idna",
    "unicode_escape",
    "utf-16",
    "a" * 5000,
]


@pytest.mark.parametrize("charset", CHARSETS)
def test_b16_no_charset_keeps_a_mail_out_nor_the_next_one(
    bring: Bring, charset: str
) -> None:
    written = f'Content-Type: text/plain; charset="{charset}"'
    text = part(written, "Réglé \udcff ce jour, été comme hiver")
    attached = part(f'{written}; name="notes.txt"\r\n{ATTACHED}', "Réglé")
    named = part(f"{TYPED}\r\n{ATTACHED}; filename*={charset[:20]}''%C3%A9t%C3%A9.pdf")
    subject = f"=?{charset[:20].replace(' ', '')}?B?w6l0w6k=?= facture"
    raw = mail(multipart(text, part(f"{TYPED}; name=a.pdf"), attached, named), subject)
    assert bring(raw)["state"] == "filed"
    kept = only_mail()
    assert kept.subject.endswith("facture")
    assert "\x00" not in kept.text
    assert kept.text == "Réglé \ufffd ce jour, été comme hiver" or charset == "utf-16"
    assert bring(letter(("b.pdf", "application/pdf")))["state"] == "filed"
    found = names()
    assert [found[0], found[1], found[-1]] == ["a.pdf", "notes.txt", "b.pdf"]
    assert found[2].endswith(".pdf")


HEADS = {
    "date": "From: a@supplier.test\r\nDate: Mo., 31 Feb. 99999 25:61 +9999\r\n",
    "date long gone": "From: a@supplier.test\r\nDate: Tue, 1 Jan 1980 0:00 +0000\r\n",
    "no date": "From: a@supplier.test\r\n",
    "to": "From: a@supplier.test\r\nTo: @@, <<>>, ;:;, \udcff <a b@c\r\n",
    "from": "From: Jean (le comptable <jean at supplier\r\n",
    "no from": "",
    "empty from": "From: \r\n",
    "nobody": "From: <>\r\n",
    "group": "From: undisclosed-recipients:;\r\n",
    "bytes": "From: \udcff\udcfe <\udce9@supplier.test>\r\n",
    "a mile long": f"From: {'a' * 9000}@supplier.test\r\n",
    "all empty": (
        "From:\r\nTo:\r\nCc:\r\nSubject:\r\nDate:\r\nMessage-ID:\r\nReferences:\r\n"
        "In-Reply-To:\r\nReceived:\r\nReply-To:\r\nSender:\r\n"
    ),
}


@pytest.mark.parametrize("case", HEADS)
def test_b41_headers_that_cannot_be_read_keep_no_mail_out(
    bring: Bring, house: House, case: str
) -> None:
    """Filed by the day of its reception; whoever cannot be told is nobody known."""
    head = HEADS[case].encode("utf-8", "surrogateescape")
    raw = head + b"MIME-Version: 1.0\r\n" + part(f"{TYPED}; name=a.pdf")
    assert bring(raw, sender="")["state"] == "filed"
    [document] = db.session.scalars(select(Document))
    received_at = only_mail().received_at
    folder = db.session.get_one(Folder, document.folder_id)
    assert document.arrived_at >= received_at
    assert folder.name.startswith(f"{received_at.month:02d} ")
    assert document.depositor_id is None
    assert document.depositor_name
    said = bring(b"X: 1\r\n" + raw, BANQUE, sender="")
    assert (said["state"], said["reason"]) == ("quarantined", "unknown_sender")
    outcomes = db.session.scalars(select(InboundPart.outcome)).all()
    assert sorted(outcomes) == ["filed", "held"]
