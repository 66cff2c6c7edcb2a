"""What other products made of the letters that people really send (bugs.md, B01 to B24
and B41): each is handed in by `flask mail-in`, and asked after as a document."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.collection.models import InboundPart
from app.db import db
from app.delivery import tick
from app.library.models import Document, Folder
from app.notices.models import Notice
from tests.cast import House, signed_in
from tests.collection.by_command import Bring, names, only_mail, saved_as
from tests.collection.letters import letter
from tests.collection.parts import PDF, TEXT, html, mail, multipart, part, photo_of
from tests.collection.sending import BANQUE, COMPTA
from tests.collection.signing import Zone, signed
from tests.smtp import MailServer

ATTACHED = "Content-Disposition: attachment"
TYPED = "Content-Type: application/pdf"
DORA = "Dora Dune <dora@dune.test>"


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


OFFICE = {
    "a.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "b.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "c.xls": "application/vnd.ms-excel",
    "d.odt": "application/vnd.oasis.opendocument.text",
    "e.csv": "text/csv",
    "f.xml": "text/xml",
    "g.txt": "text/plain",
    "h.zip": "application/zip",
    "i.heic": "image/heic",
}


@pytest.mark.parametrize("kind", ["mixed", "related"])
def test_b07_files_of_every_kind_are_filed_though_they_are_inline(
    bring: Bring, kind: str
) -> None:
    """And every one has a Content-ID, as some programs give to all (B14)."""
    inline = "Content-Disposition: inline; filename"
    parts = [
        part(
            f"Content-Type: {type_}\r\n{inline}={name}\r\nContent-ID: <{name}>",
            name.encode(),
        )
        for name, type_ in OFFICE.items()
        if kind == "mixed" or not type_.startswith("image/")
    ]
    said = bring(mail(multipart(html(), *parts, html(), kind=kind)))
    assert len(said["documents"]) == len(parts)
    assert names() == list(OFFICE)[: len(parts)]


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
