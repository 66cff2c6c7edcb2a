"""What in a message is a document: everything sent with it, and nothing else of it."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image

from tests.collection.parts import (
    PDF,
    TEXT,
    html,
    mail,
    multipart,
    part,
    photo_of,
    read,
)

CERTIFICATE = b"not a real signature" * 20


@pytest.fixture(autouse=True)
def _settings(whole_app: Flask) -> Iterator[None]:
    with whole_app.app_context():
        yield


@pytest.mark.parametrize(
    "headers",
    [
        'Content-Disposition: attachment; filename="a.pdf"',
        "Content-Type: application/pdf\r\nContent-Disposition: inline; filename=a.pdf",
        "Content-Type: application/octet-stream; name=a.pdf",
        "Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: ",
        "Content-Type: application/pdf; name=a.pdf\r\nContent-ID: <x@mailer.test>",
        "Content-Type: application; name=a.pdf",
        "Content-Type: text/plain; name=a.pdf",
        "CONTENT-TYPE: APPLICATION/PDF; NAME=a.pdf",
        "Content-Disposition: attachment; filename=a.pdf",
        "Content-Disposition: strange; filename=a.pdf",
        "Content-Type: application/pdf; name=\r\n\ta.pdf",
    ],
)
def test_a_named_part_is_filed_whatever_its_disposition(headers: str) -> None:
    found = read(mail(multipart(TEXT, part(headers), html())))
    assert found.contents == {"a.pdf": PDF}
    assert found.ignored == []


def test_what_has_no_name_gets_that_of_the_mail_a_number_and_an_ending() -> None:
    nameless = (
        "Content-Type: application/octet-stream\r\nContent-Disposition: attachment"
    )
    whole = mail(
        multipart(
            TEXT,
            part(nameless),
            part("Content-Type: image/jpeg", photo_of(64, 64)),
            part("Content-Type: application/x-excel", b"1"),
            part("Content-Type: text/csv; charset=utf-8", "a;b"),
            part("Content-Type: application/x-nobody-knows", b"2"),
        ),
        subject="Facture 12/2026 : été",
    )
    assert read(whole).names == [
        "Facture 12-2026 : été 1.pdf",
        "Facture 12-2026 : été 2.jpg",
        "Facture 12-2026 : été 3.xls",
        "Facture 12-2026 : été 4.csv",
        "Facture 12-2026 : été 5",
    ]


def test_one_without_a_name_gets_no_number_and_one_ending() -> None:
    found = read(mail(part("Content-Type: application/pdf"), subject="F2026.pdf"))
    assert found.contents == {"F2026.pdf": PDF}
    assert read(part("Content-Type: application/pdf")).names == [
        "Document sans nom.pdf"
    ]


def test_a_name_whose_ending_was_cut_off_gets_that_of_the_content() -> None:
    headers = "Content-Type: application/pdf; name="
    wanted = {"facture": "facture.pdf", "Avis 04.04.2024": "Avis 04.04.2024.pdf"}
    for written, name in wanted.items():
        assert read(mail(part(f'{headers}"{written}"'))).names == [name]
    assert read(mail(part(f"{headers}AUTHORS", b"a list"))).names == ["AUTHORS"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Facture SARL M.Dupont", "Facture SARL M.Dupont.pdf"),
        ("Facture Plomberie S.A", "Facture Plomberie S.A.pdf"),
        ("scan.bin", "scan.bin.pdf"),
        ("Facture.PDF", "Facture.PDF"),
        ("plan.ai", "plan.ai"),
        ("facture.exe", "facture.exe"),
    ],
)
def test_a_dot_in_a_name_is_no_ending_of_a_pdf(written: str, name: str) -> None:
    raw = part(f'Content-Type: application/octet-stream; name="{written}"')
    assert read(mail(raw)).names == [name]
    other = part(f'Content-Type: application/octet-stream; name="{written}"', b"x")
    assert read(mail(other)).names == [written], "what is no PDF is called as it was"


# The letter itself


@pytest.mark.parametrize(
    "body",
    [
        TEXT,
        html(),
        multipart(TEXT, html(), kind="alternative"),
        multipart(TEXT, TEXT, html()),
        part(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: inline",
            "x",
        ),
        multipart(
            TEXT,
            html(),
            part("Content-Type: text/calendar; method=REQUEST", "BEGIN:VCALENDAR"),
            kind="alternative",
        ),
        multipart(
            html('<link href="cid:s"><p>a</p>'),
            part("Content-Type: text/css; name=a.css\r\nContent-ID: <s>", "p{}"),
            kind="related",
        ),
        b"\r\nno header at all",
        b"",
    ],
)
def test_the_letter_is_never_filed(body: bytes) -> None:
    found = read(mail(body))
    assert found.reading.items == ()
    assert found.reading.defect == ""


def test_texts_that_were_sent_are_filed_with_their_bytes() -> None:
    attached = "Content-Disposition: attachment"
    whole = mail(
        multipart(
            TEXT,
            part(f"Content-Type: text/plain; name=notes.txt\r\n{attached}", "été\n\n"),
            part(f"Content-Type: text/html; name=page.html\r\n{attached}", "<p>"),
            part("Content-Type: text/calendar; name=invite.ics", "BEGIN:VCALENDAR"),
            part("Content-Type: text/xml; name=f.xml", "<a/>"),
            part("Content-Type: text/x-vcard; name=c.vcf", "BEGIN:VCARD"),
        )
    )
    found = read(whole)
    assert found.names == ["notes.txt", "page.html", "invite.ics", "f.xml", "c.vcf"]
    assert found.contents["notes.txt"] == "été\n\n".encode()


@pytest.mark.parametrize(
    "headers", ["Content-Type: text/plain", "X-Scanner: 3F", "Content-Type: text/html"]
)
@pytest.mark.parametrize(
    "content", [PDF, photo_of(64, 64), b"II*\x00" + bytes(range(256))]
)
def test_a_file_that_a_machine_calls_a_text_is_filed(
    headers: str, content: bytes
) -> None:
    """Without a name, it would pass for the letter."""
    scan = part(headers, content)
    beside = part("Content-Type: application/pdf; name=a.pdf")
    for body in (scan, multipart(TEXT, scan), multipart(scan, beside)):
        found = read(mail(body))
        assert content in found.contents.values()
        assert "PDF-1" not in found.reading.letter.text
        assert "\x00" not in found.reading.letter.text


def test_what_is_sent_in_one_of_two_forms_of_the_letter_is_filed() -> None:
    """As Apple's mail program writes it."""
    rich = multipart(html(), part("Content-Type: application/pdf; name=a.pdf"), html())
    found = read(mail(multipart(TEXT, rich, kind="alternative")))
    assert found.names == ["a.pdf"]


@pytest.mark.parametrize("kind", ["text/csv", "text/xml", "text/x-unheard-of"])
@pytest.mark.parametrize("container", ["related", "alternative"])
def test_a_text_with_a_name_that_is_no_letter_is_filed_whatever_it_stands_in(
    container: str, kind: str
) -> None:
    """Some programs put all that a mail has into one."""
    named = part(f"Content-Type: {kind}; charset=utf-8; name=factur-x.xml", "<a/>")
    found = read(mail(multipart(TEXT, html(), named, kind=container)))
    assert found.contents == {"factur-x.xml": b"<a/>"}


@pytest.mark.parametrize(
    ("container", "headers"),
    [
        ("alternative", "Content-Type: text/html; name=letter.html"),
        ("alternative", "Content-Type: text/calendar; name=invite.ics"),
        ("related", "Content-Type: text/html; name=frame.html\r\nContent-ID: <f>"),
        ("related", "Content-Type: text/xml\r\nContent-Location: filelist.xml"),
    ],
)
def test_what_the_letter_is_made_of_is_not_filed_though_it_has_a_name(
    container: str, headers: str
) -> None:
    whole = mail(multipart(TEXT, part(headers, "<p>"), kind=container))
    assert read(whole).reading.items == ()


ICS = "BEGIN:VCALENDAR\r\nMETHOD:%s\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n"


@pytest.mark.parametrize("method", ["REPLY", "COUNTER", "REQUEST", "CANCEL"])
@pytest.mark.parametrize("named", ["", "; name=meeting.ics", "; method=%s"])
def test_a_calendar_that_is_the_letter_is_not_filed(method: str, named: str) -> None:
    """RFC 6047, 2.4; alone, or beside the words of whoever answers."""
    headers = "Content-Type: text/calendar" + named.replace("%s", method)
    calendar = part(headers, ICS % method)
    assert read(mail(calendar)).reading.items == ()
    assert read(mail(multipart(TEXT, calendar))).reading.items == ()


@pytest.mark.parametrize("kind", ["text/calendar", "application/ics"])
def test_an_answer_to_an_invitation_is_no_document_and_an_invitation_is(
    kind: str,
) -> None:
    attached = f"Content-Type: {kind}; name=a.ics\r\nContent-Disposition: attachment"
    found = read(mail(multipart(TEXT, part(attached, ICS % "REPLY"))))
    assert (found.names, found.ignored) == ([], ["answer"])
    found = read(mail(multipart(TEXT, part(attached, ICS % "PUBLISH"))))
    assert (found.names, found.ignored) == (["a.ics"], [])


@pytest.mark.parametrize(
    ("name", "text", "is_filed"),
    [
        ("ATT00001.htm", "<html><head>\n<meta></head><body><br></body></html>", False),
        ("ATT00002.txt", "\r\n\r\n", False),
        ("ATT00001.htm", "<html><body>Facture 12</body></html>", True),
        ("lettre.htm", "<html><body></body></html>", True),
    ],
)
def test_what_exchange_makes_of_blanks_between_attachments_is_no_document(
    name: str, text: str, *, is_filed: bool
) -> None:
    kind = "text/html" if name.endswith("htm") else "text/plain"
    headers = f"Content-Type: {kind}; name={name}\r\nContent-Disposition: attachment"
    invoice = part("Content-Type: application/pdf; name=a.pdf")
    found = read(mail(multipart(TEXT, invoice, part(headers, text))))
    assert found.names == ["a.pdf", *([name] if is_filed else [])]


# Pictures


ANY_FILE = "Content-Type: application/octet-stream"
LOGO = "Content-Type: image/png; name=logo.png\r\nContent-ID: <logo@x>"


def test_a_picture_that_the_text_shows_is_not_filed_beside_a_document() -> None:
    shown = html("<p>Bonjour</p><img src='CID:logo%40x'>")
    picture = part(f"{LOGO}\r\nContent-Disposition: attachment", photo_of(900, 600))
    invoice = part("Content-Type: application/pdf; name=a.pdf\r\nContent-ID: <unused>")
    for kind in ("related", "mixed"):
        found = read(mail(multipart(multipart(shown, picture, kind=kind), invoice)))
        assert found.names == ["a.pdf"]
        assert found.ignored == ["inline_image"]


def test_what_is_too_small_to_be_a_photo_is_only_an_image_of_the_signature() -> None:
    shown = html('<img src="cid:logo@x">')
    pasted = multipart(shown, part(LOGO, photo_of(120, 60)), kind="related")
    invoice = part("Content-Type: application/pdf; name=a.pdf")
    assert read(mail(multipart(pasted, invoice))).ignored == ["image"]


def test_a_pdf_that_the_text_shows_is_filed() -> None:
    shown = html('<object data="cid:pdf">')
    invoice = part("Content-Type: application/pdf; name=a.pdf\r\nContent-ID: <pdf>")
    assert read(mail(multipart(shown, invoice, kind="related"))).names == ["a.pdf"]


def test_a_picture_that_no_text_shows_is_filed_whatever_id_it_has() -> None:
    picture = part(LOGO, photo_of(64, 64))
    attached = part(f"{LOGO}\r\nContent-Disposition: attachment", photo_of(64, 64))
    assert read(mail(multipart(html(), picture))).names == ["logo.png"]
    assert read(mail(multipart(html(), attached, kind="related"))).names == ["logo.png"]
    assert read(mail(multipart(html(), picture, kind="related"))).ignored == ["image"]


def test_a_photo_pasted_with_nothing_else_to_file_is_filed() -> None:
    shown = html('<img src="cid:logo@x"><img src="cid:small@x">')
    small = "Content-Type: image/png; name=small.png\r\nContent-ID: <small@x>"
    found = read(
        mail(
            multipart(
                shown,
                part(LOGO, photo_of(1200, 900)),
                part(small, photo_of(120, 60)),
                kind="related",
            )
        )
    )
    assert found.names == ["logo.png"]
    assert found.ignored == ["image"]


@pytest.mark.parametrize(
    "card", ["text/vcard; name=paul.vcf", "application/octet-stream; name=rdv.ics"]
)
def test_a_card_beside_a_pasted_photo_leaves_it_what_was_sent(card: str) -> None:
    shown = html('<img src="cid:logo@x">')
    pasted = multipart(shown, part(LOGO, photo_of(1200, 900)), kind="related")
    attached = f"Content-Type: {card}\r\nContent-Disposition: attachment"
    found = read(mail(multipart(pasted, part(attached, b"BEGIN:"))))
    assert "logo.png" in found.names


@pytest.mark.parametrize("kind", ["application/smil", "application/smil+xml"])
@pytest.mark.parametrize("container", ["related", "mixed"])
def test_the_photos_of_a_telephone_s_message_are_filed_and_not_how_they_are_shown(
    kind: str, container: str
) -> None:
    """An MMS that a gateway sends on (OMA-TS-MMS-ENC)."""
    page = part(f"Content-Type: {kind}; name=pres.smil\r\nContent-ID: <0>", "<smil/>")
    one = "Content-Type: image/jpeg; name=IMG_1.jpg\r\nContent-ID: <1>"
    two = "Content-Type: image/jpeg; name=IMG_2.jpg\r\nContent-Location: IMG_2.jpg"
    body = multipart(
        page,
        part(one, photo_of(900, 600)),
        part(two, photo_of(901, 600)),
        TEXT,
        kind=container,
    )
    found = read(mail(body))
    assert found.names == ["IMG_1.jpg", "IMG_2.jpg"]


def test_a_picture_of_few_bytes_is_no_photo_however_large_it_is_shown() -> None:
    made = BytesIO()
    Image.new("1", (600, 600)).save(made, "PNG")
    assert len(made.getvalue()) < 2000
    shown = html('<img src="cid:logo@x">')
    whole = multipart(shown, part(LOGO, made.getvalue()), kind="related")
    assert read(mail(whole)).ignored == ["image"]


@pytest.mark.parametrize("size", [(120, 60), (200, 200), (1200, 200)])
def test_a_logo_alone_is_not_filed(size: tuple[int, int]) -> None:
    shown = html('<img src="cid:logo@x">')
    found = read(mail(multipart(shown, part(LOGO, photo_of(*size)), kind="related")))
    assert found.names == []
    assert found.ignored == ["image"]


def test_the_picture_of_one_message_is_not_shown_by_another() -> None:
    inner = mail(multipart(html(), part(LOGO, photo_of(64, 64))))
    outer = multipart(html('<img src="cid:logo@x">'), attached(inner))
    assert read(mail(outer)).names == ["logo.png"]


# Messages in messages


def attached(message: bytes, also: str = "") -> bytes:
    return part(f"Content-Type: message/rfc822{also}", message, is_encoded=False)


def forwarded(times: int) -> bytes:
    whole = mail(multipart(TEXT, part("Content-Type: application/pdf; name=deep.pdf")))
    for level in range(times):
        whole = mail(multipart(TEXT, attached(whole)), subject=f"Tr {level}")
    return whole


@pytest.mark.parametrize(
    ("times", "names"),
    [(0, ["deep.pdf"]), (1, ["deep.pdf"]), (2, ["deep.pdf"]), (3, ["Tr 0.eml"])],
)
def test_attached_messages_are_opened_to_the_second_and_kept_beyond(
    times: int, names: list[str]
) -> None:
    assert read(forwarded(times)).names == names


def test_an_attached_message_without_a_document_is_one() -> None:
    """An order whose invoice is the text itself."""
    inner = mail(html("<h1>Facture 12</h1>"), subject="Votre commande")
    found = read(
        mail(multipart(TEXT, attached(inner), attached(inner, "; name=b.eml")))
    )
    assert found.names == ["Votre commande.eml", "b.eml"]
    assert found.contents["b.eml"] == inner


def test_an_attached_message_is_named_once_when_its_document_is_filed() -> None:
    inner = mail(multipart(html('<img src="cid:logo@x">'), part(LOGO, photo_of(9, 9))))
    outer = multipart(TEXT, attached(inner), attached(forwarded(0)))
    assert read(mail(outer)).names == ["Votre facture.eml", "deep.pdf"]


def test_a_photo_in_an_attached_message_is_what_was_sent() -> None:
    inner = multipart(
        html('<img src="cid:logo@x">'), part(LOGO, photo_of(900, 900)), kind="related"
    )
    found = read(mail(multipart(TEXT, part("Content-Type: application/pdf; name=a.pdf"),
                                attached(mail(inner)))))  # fmt: skip
    assert found.names == ["a.pdf", "logo.png"]


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_an_attached_message_encoded_against_the_rule_is_opened(encoding: str) -> None:
    inner = mail(multipart(TEXT, part("Content-Type: application/pdf; name=a.pdf")))
    if encoding == "base64":
        whole = part("Content-Type: message/rfc822", inner)
    else:
        head = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: " + encoding
        whole = part(head, inner.replace(b"=", b"=3D"), is_encoded=False)
    assert read(mail(multipart(TEXT, whole))).contents == {"a.pdf": PDF}


@pytest.mark.parametrize("name", ["TR facture.eml", "=?utf-8?Q?re=C3=A7u?=.EML"])
def test_a_message_attached_as_any_file_is_opened(name: str) -> None:
    pdf = part("Content-Type: application/pdf; name=a.pdf")
    inner = mail(multipart(part("Content-Type: text/plain", "within"), pdf))
    found = read(mail(multipart(TEXT, part(f'{ANY_FILE}; name="{name}"', inner))))
    assert found.contents == {"a.pdf": PDF}
    assert "within" not in found.reading.letter.text, "that is not the letter"
    by_disposition = f'{ANY_FILE}\r\nContent-Disposition: attachment; filename="{name}"'
    assert read(mail(multipart(TEXT, part(by_disposition, inner)))).names == ["a.pdf"]


@pytest.mark.parametrize("content", [mail(TEXT), b"\0no message", PDF])
def test_what_is_called_a_message_and_holds_no_document_is_one(content: bytes) -> None:
    whole = part(f"{ANY_FILE}; name=lettre.eml", content)
    assert read(mail(multipart(TEXT, whole))).contents == {"lettre.eml": content}


def test_an_empty_attached_message_is_no_document() -> None:
    found = read(mail(multipart(TEXT, attached(b""), attached(multipart(b"", b"")))))
    assert found.names == []
    assert found.ignored == ["empty", "empty"]


def test_the_messages_of_a_digest_are_no_documents_but_what_is_in_them_is() -> None:
    plain, full = mail(TEXT), forwarded(0)
    digest = multipart(b"\r\n" + plain, b"\r\n" + full, kind="digest")
    assert read(mail(multipart(TEXT, digest))).names == ["deep.pdf"]


# Signatures, reports, pieces, and what is somewhere else


def test_signatures_are_not_filed() -> None:
    invoice = part("Content-Type: application/pdf; name=a.pdf")
    for kind, name in (
        ("application/pkcs7-signature", "smime.p7s"),
        ("application/x-pkcs7-signature", "smime.p7s"),
        ("application/pgp-signature", "signature.asc"),
        ("application/octet-stream", "OpenPGP_signature.asc"),
        ("application/pgp-keys", "key.txt"),
    ):
        signature = part(f"Content-Type: {kind}; name={name}", CERTIFICATE)
        found = read(
            mail(multipart(multipart(TEXT, invoice), signature, kind="signed"))
        )
        assert found.names == ["a.pdf"], kind
        assert found.ignored == ["signature"], kind


def test_what_is_locked_by_pgp_is_told_and_not_filed() -> None:
    found = read(
        mail(
            multipart(
                part("Content-Type: application/pgp-encrypted", "Version: 1"),
                part(
                    "Content-Type: application/octet-stream; name=encrypted.asc", b"x"
                ),
                kind="encrypted",
            )
        )
    )
    assert found.ignored == ["signature", "encrypted"]


@pytest.mark.parametrize(
    "kind", ["message/delivery-status", "message/disposition-notification"]
)
def test_reports_are_not_filed_nor_what_came_back_with_them(kind: str) -> None:
    report = part(f"Content-Type: {kind}", "Final-Recipient: rfc822; a@b.test\r\n")
    returned = attached(forwarded(0))
    also = f"; report-type={kind.partition('/')[2]}"
    whole = multipart(TEXT, report, returned, kind="report", also=also)
    found = read(mail(whole))
    assert found.names == []
    assert found.ignored == ["report", "report"]
    assert found.reading.letter.report_type == kind.partition("/")[2]


def test_a_piece_of_a_message_is_never_filed_as_if_it_were_whole() -> None:
    inner = multipart(TEXT, part("Content-Type: application/pdf; name=a.pdf"))
    for number in (1, 2):
        kind = f'Content-Type: message/partial; id="x"; number={number}; total=2'
        found = read(mail(part(kind, inner, is_encoded=False)))
        assert found.reading.defect == "partial"
        assert found.reading.items == ()
    piece = part("Content-Type: message/partial; id=x; number=1; total=2", "x")
    within = read(mail(multipart(TEXT, attached(mail(piece)), piece)))
    assert within.names == ["Votre facture.eml"]
    assert within.ignored == ["partial", "partial"]


def test_nothing_is_fetched_from_elsewhere() -> None:
    kind = "Content-Type: message/external-body; access-type=URL; URL=http://x.test/a"
    elsewhere = part(kind, "Content-Type: application/pdf; name=a.pdf\r\n\r\n")
    found = read(mail(multipart(TEXT, elsewhere)))
    assert found.names == []
    assert found.ignored == ["external"]


def test_an_empty_part_is_told_and_not_filed() -> None:
    empty = part("Content-Type: application/pdf; name=vide.pdf", b"")
    full = part("Content-Type: application/pdf; name=ok.pdf")
    found = read(mail(multipart(TEXT, empty, full)))
    assert found.names == ["ok.pdf"]
    [item] = [item for item in found.reading.items if item.ignored]
    assert (item.raw_name, item.ignored) == ("vide.pdf", "empty")
