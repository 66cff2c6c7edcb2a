"""What is packed in a part: opened where it can be, kept as it is where it cannot."""

import base64
import io
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from flask import Flask

from tests.collection.parts import PDF, TEXT, html, mail, multipart, part, read

ZIP_KIND = "Content-Type: application/zip; name=lot.zip"
TNEF_KIND = "Content-Type: application/ms-tnef; name=winmail.dat"


@pytest.fixture(autouse=True)
def _settings(whole_app: Flask) -> Iterator[None]:
    with whole_app.app_context():
        yield


# winmail.dat


def tnef(*files: tuple[str, bytes]) -> bytes:
    """As MS-OXTNEF, 2.1 writes it, the names in the old form alone."""
    made = struct.pack("<IH", 0x223E9F78, 1)
    made += _attribute(1, 0x00089006, struct.pack("<I", 0x00010000))
    for name, content in files:
        made += _attribute(2, 0x00069002, b"\1\0" + b"\0" * 12)
        made += _attribute(2, 0x00018010, name.encode("cp1252") + b"\0")
        made += _attribute(2, 0x0006800F, content)
    return made


def _attribute(level: int, name: int, content: bytes) -> bytes:
    head = struct.pack("<BII", level, name, len(content))
    return head + content + struct.pack("<H", sum(content) % 65536)


def test_the_files_in_a_winmail_dat_are_filed() -> None:
    packed = tnef(("Facture.pdf", PDF), ("vide.txt", b""), ("notes.txt", b"x"))
    found = read(mail(multipart(TEXT, part(TNEF_KIND, packed))))
    assert found.contents == {"Facture.pdf": PDF, "notes.txt": b"x"}
    assert found.ignored == ["empty"]
    assert len({item.number for item in found.reading.items}) == 3


def message_in_tnef(title: str, inner: bytes) -> bytes:
    """As MS-OXTNEF, 2.1.3.4 writes what is attached to a message and is one."""
    content = bytes.fromhex("0703020000000000C000000000000046") + inner
    padded = content + b"\0" * (-len(content) % 4)
    properties = struct.pack("<IHHII", 1, 0x000D, 0x3701, 1, len(content)) + padded
    made = _attribute(2, 0x00069002, b"\2\0" + b"\0" * 12)
    made += _attribute(2, 0x00018010, title.encode("cp1252") + b"\0")
    return made + _attribute(2, 0x00069005, properties)


def test_a_message_in_a_winmail_dat_is_opened_as_any_other() -> None:
    bare = tnef() + _attribute(1, 0x00069007, struct.pack("<II", 1252, 0))
    bare += _attribute(1, 0x00018004, b"Devis pour la toiture\0")
    deep = tnef() + message_in_tnef("D", tnef(("c.pdf", PDF)))
    packed = tnef(("a.pdf", PDF)) + message_in_tnef("Devis", bare)
    packed += message_in_tnef("B", tnef(("b.pdf", PDF)) + message_in_tnef("C", deep))
    found = read(mail(multipart(TEXT, part(TNEF_KIND, packed))))
    assert found.names == ["a.pdf", "Devis.dat", "b.pdf", "c.pdf"]
    assert found.contents["Devis.dat"] == bare
    alone = tnef() + message_in_tnef("Devis", bare)
    found = read(mail(multipart(TEXT, part(TNEF_KIND, alone))))
    assert found.names == ["winmail.dat"]


@pytest.mark.parametrize("code_page", [None, 1252, 850])
def test_a_winmail_dat_with_accents_in_its_names_is_opened(
    code_page: int | None,
) -> None:
    """The names in the old form alone, as exchangers write them without Unicode."""
    packed = tnef(("Relevé n°1.pdf", PDF), ("Reçu.pdf", PDF))
    if code_page:
        told = _attribute(1, 0x00069007, struct.pack("<II", code_page, 0))
        packed = packed[:6] + told + packed[6:]
    if code_page == 850:
        packed = packed.replace("é n°".encode("cp1252"), "é n°".encode("cp850"))
        packed = packed.replace("ç".encode("cp1252"), "ç".encode("cp850"))
    found = read(mail(multipart(TEXT, part(TNEF_KIND, packed))))
    assert found.names == ["Relevé n°1.pdf", "Reçu.pdf"]


def test_a_winmail_dat_that_only_says_how_the_text_looks_is_not_filed() -> None:
    found = read(mail(multipart(TEXT, part(TNEF_KIND, tnef()))))
    assert (found.names, found.ignored) == ([], ["formatting"])


@pytest.mark.parametrize(
    "kind", ["application/octet-stream", "application/vnd.ms-tnef"]
)
def test_a_winmail_dat_is_known_by_its_name_or_its_type(kind: str) -> None:
    packed = part(f"Content-Type: {kind}; name=WINMAIL.DAT", tnef(("a.pdf", PDF)))
    assert read(mail(multipart(TEXT, packed))).names == ["a.pdf"]


@pytest.mark.parametrize("cut", [3, 10, 60, -30, -1])
def test_a_winmail_dat_that_cannot_be_opened_is_kept(cut: int) -> None:
    packed = tnef(("a.pdf", PDF))[:cut]
    found = read(mail(multipart(TEXT, part(TNEF_KIND, packed))))
    assert found.contents == {"winmail.dat": packed}


# Archives


def archive(*files: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, content in files:
            whole.writestr(name, content)
    return made.getvalue()


GOOD = archive(("a.pdf", PDF), ("dossier/b.txt", b"b"), ("__MACOSX/._a.pdf", b"x"))


def test_an_archive_is_one_document_where_the_firm_did_not_ask_otherwise() -> None:
    found = read(mail(multipart(TEXT, part(ZIP_KIND, GOOD))))
    assert found.contents == {"lot.zip": GOOD}


def test_an_archive_s_files_are_documents_where_the_firm_asked() -> None:
    after = part("Content-Type: application/pdf; name=c.pdf")
    whole = mail(multipart(TEXT, part(ZIP_KIND, GOOD), after))
    found = read(whole, unzip=True)
    assert found.contents == {"a.pdf": PDF, "b.txt": b"b", "c.pdf": PDF}
    # Whatever the firm asks, a part keeps its number: filed twice it is one document.
    kept, opened = read(whole).reading.items, found.reading.items
    assert kept[-1] == replace(opened[-1], at=kept[-1].at)


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("passwd.pdf")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def locked() -> bytes:
    """The bit that says so, in both places where it stands."""
    raw = bytearray(archive(("a.pdf", PDF)))
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


UNFIT: dict[str, Callable[[], bytes]] = {
    "a bomb": lambda: archive(("a.txt", b"0" * 30_000_000)),
    "a bomb of many": lambda: archive(
        *((f"{n}.txt", b"0" * 1_000_000) for n in range(40))
    ),
    "too many files": lambda: archive(*((f"{n}.txt", b"x") for n in range(201))),
    "no files": lambda: archive(),
    "a link": lambda: archive(("a.pdf", PDF), (link(), b"/etc/passwd")),
    "an absolute path": lambda: archive(("/etc/cron.d/a.pdf", PDF)),
    "a path with a drive": lambda: archive(("C:\\a.pdf", PDF)),
    "a path that leaves": lambda: archive(("a/../../b.pdf", PDF)),
    "an archive in it": lambda: archive(("a.pdf", PDF), ("b.ZIP", GOOD)),
    "a password": locked,
    "cut off": lambda: GOOD[:-30],
    "damaged": lambda: GOOD.replace(GOOD[60:70], b"\0" * 10),
    "no archive": lambda: b"PK\x03\x04 not at all",
}


OF_WORD = archive(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<d/>"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Note de frais.xlsx", OF_WORD),
        (
            "Devis.ODT",
            archive(("mimetype", b"application/x"), ("content.xml", b"<c/>")),
        ),
        ("Numbers.numbers", archive(("Index/Document.iwa", b"x"))),
        ("", OF_WORD),
    ],
)
def test_a_document_that_is_packed_as_an_archive_is_one_document(
    name: str, content: bytes
) -> None:
    """Some programs look at its first bytes alone, and say «application/zip»."""
    named = f'; name="{name}"' if name else ""
    whole = part(f"Content-Type: application/zip{named}", content)
    found = read(mail(multipart(TEXT, whole)), unzip=True)
    assert found.contents == {name or "Votre facture.docx": content}


@pytest.mark.parametrize("name", ["", "; name=lot", '; name="lot.2026"'])
def test_an_archive_is_known_by_its_type_where_its_name_says_nothing(name: str) -> None:
    whole = mail(multipart(TEXT, part(f"Content-Type: application/zip{name}", GOOD)))
    assert read(whole, unzip=True).contents == {"a.pdf": PDF, "b.txt": b"b"}


@pytest.mark.parametrize("charset", ["utf-8", "cp850"])
def test_names_in_an_archive_that_says_nothing_of_their_letters(charset: str) -> None:
    """As a Mac packs them, and as Windows did."""
    written = "Reçu À régler n°1.pdf".encode(charset)
    stand_in = "x" * len(written)
    packed = archive((stand_in, PDF)).replace(stand_in.encode(), written)
    found = read(mail(multipart(TEXT, part(ZIP_KIND, packed))), unzip=True)
    assert found.contents == {"Reçu À régler n°1.pdf": PDF}


@pytest.mark.parametrize("name", UNFIT)
def test_an_archive_that_cannot_be_opened_safely_is_kept_as_it_is(name: str) -> None:
    content = UNFIT[name]()
    before = part("Content-Type: application/pdf; name=a.pdf")
    found = read(mail(multipart(TEXT, before, part(ZIP_KIND, content))), unzip=True)
    assert found.contents == {"a.pdf": PDF, "lot.zip": content}


def test_all_archives_of_a_mail_share_the_number_of_files() -> None:
    full = archive(*((f"{n}.txt", b"x") for n in range(150)))
    whole = mail(multipart(part(ZIP_KIND, full), part(ZIP_KIND, full)))
    names = read(whole, unzip=True).names
    assert len(names) == 151
    assert names[-1] == "lot.zip"


# S/MIME


def signed(content: bytes) -> bytes:
    """Opaque: the message is within the signature."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Fournitures")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(certificate, key, hashes.SHA256())
    binary = [pkcs7.PKCS7Options.Binary]
    return builder.sign(serialization.Encoding.DER, binary)


def flowing(content: bytes) -> bytes:
    """The same in the form without lengths (BER), in pieces, as Outlook writes it."""
    data = bytes.fromhex("06092a864886f70d010701")
    pieces = b"".join(
        b"\x04\x82" + struct.pack(">H", len(piece)) + piece
        for piece in (content[:500], content[500:])
    )
    inside = b"\x30\x80" + data + b"\xa0\x80\x24\x80" + pieces + b"\0\0" * 3
    whole = b"\x02\x01\x01\x31\x00" + inside + b"\x31\x00"
    kind = bytes.fromhex("06092a864886f70d010702")
    return b"\x30\x80" + kind + b"\xa0\x80\x30\x80" + whole + b"\0\0" * 3


SMIME = 'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"'
INNER = multipart(TEXT, part("Content-Type: application/pdf; name=a.pdf"))


@pytest.mark.parametrize("wrap", [signed, flowing])
def test_a_message_within_its_signature_is_opened(
    wrap: Callable[[bytes], bytes],
) -> None:
    found = read(mail(part(SMIME, wrap(INNER))))
    assert found.contents == {"a.pdf": PDF}
    assert found.reading.letter.text == "Bonjour,\nci-joint."


def test_a_signed_file_is_filed_as_it_is() -> None:
    invoice = signed(b"<FatturaElettronica/>")
    kind = "Content-Type: application/pkcs7-mime; name=fattura.xml.p7m"
    for whole in (part(kind, invoice), multipart(TEXT, part(kind, invoice))):
        assert read(mail(whole)).contents == {"fattura.xml.p7m": invoice}


def test_a_signed_message_that_cannot_be_opened_is_kept() -> None:
    for content in (b"\x30\x80 nothing", flowing(INNER)[:40], signed(b"no headers")):
        found = read(mail(part(SMIME, content)))
        assert found.contents == {"smime.p7m": content}


# Uuencode, and what is damaged


def uuencoded(name: str, content: bytes) -> str:
    import binascii

    lines = [binascii.b2a_uu(content[n : n + 45]) for n in range(0, len(content), 45)]
    return f"begin 644 {name}\r\n{b''.join(lines).decode()}`\r\nend\r\n"


def test_files_within_the_text_are_filed() -> None:
    text = "Bonjour\r\n" + uuencoded("a.pdf", PDF) + "\r\n" + uuencoded("b.txt", b"b")
    assert read(mail(part("Content-Type: text/plain", text))).contents == {
        "a.pdf": PDF,
        "b.txt": b"b",
    }


def test_a_text_about_beginnings_is_a_text() -> None:
    text = "begin 644 words\r\nThis is how it begins.\r\nIt has no end."
    assert read(mail(part("Content-Type: text/plain", text))).names == []


def test_a_part_in_uuencode_is_filed() -> None:
    head = "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: "
    whole = part(f"{head}x-uuencode", uuencoded("a.pdf", PDF))
    assert read(mail(whole)).contents == {"a.pdf": PDF}


SHOUTED = base64.b64encode(PDF).decode()


@pytest.mark.parametrize(
    "written",
    [
        SHOUTED,  # on one line
        "\r\n".join(SHOUTED),  # a letter on each
        SHOUTED.rstrip("="),
        SHOUTED + "==\r\n\r\n_______\r\nA list's footer",
        "!" + SHOUTED[:100] + " \t *" + SHOUTED[100:],
    ],
)
def test_base64_against_the_rule_is_decoded(written: str) -> None:
    head = "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: "
    whole = part(f"{head}BASE64 ", written)
    assert read(mail(multipart(TEXT, whole, html()))).contents["a.pdf"] == PDF


@pytest.mark.parametrize(
    "name", ['"base64"', "base-64", "Base 64", "base64; x=y", "(as usual) base64"]
)
def test_an_encoding_whose_name_is_written_wrong_is_undone(name: str) -> None:
    head = "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: "
    whole = part(head + name, SHOUTED)
    assert read(mail(whole)).contents == {"a.pdf": PDF}
    quoted = part(f'{head}"Quoted Printable"', "%PDF-1.4 =C3=A9t=C3=A9")
    assert read(mail(quoted)).contents == {"a.pdf": "%PDF-1.4 été".encode()}


def test_base64_that_was_cut_is_decoded_as_far_as_it_goes() -> None:
    head = "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: "
    for missing in (1, 2, 3, 5):
        whole = part(f"{head}base64", SHOUTED.rstrip("=")[:-missing])
        content = read(mail(whole)).contents["a.pdf"]
        assert PDF.startswith(content)
        assert len(content) >= len(PDF) - missing - 1
