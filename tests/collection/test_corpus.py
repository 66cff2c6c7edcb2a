"""Real messages, each read as the corpus's index says it has to be."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from tests.collection.parts import Found, mail, multipart, part, read
from tests.delivery.processes import ROOT

CORPUS = ROOT.parent / "shared/corpus/eml"
pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="../shared/corpus is not there"
)


@dataclass(frozen=True)
class Expected:
    """The names of what is filed, why the rest is not, and what the letter says."""

    names: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    defect: str = ""
    subject: str = ""
    report_type: str = ""
    auto_submitted: str = ""


def filed(*names: str, ignored: tuple[str, ...] = ()) -> Expected:
    return Expected(names, ignored)


def nothing(*ignored: str, **also: str) -> Expected:
    return Expected((), ignored, **also)


BOUNCE = {"report_type": "delivery-status"}
OUTCOMES = {
    "flanker-bz2-attachment": filed("foo.txt.bz2"),
    "flanker-enclosed-broken": filed("thanks.eml"),
    "flanker-mailbox-full": nothing(
        "report", "report", auto_submitted="auto-replied", **BOUNCE
    ),
    "flanker-message-external-body": nothing("external", "external"),
    "flanker-office365": nothing(
        "report", "report", auto_submitted="auto-replied", **BOUNCE
    ),
    "flanker-russian-attachment-yahoo": filed(
        "Картинка с очень, очень длинным предлинным именем преименем таким чт.png"
    ),
    "mikel-attachment_content_location": nothing("image"),
    "mikel-attachment_message_rfc822": filed("broken.pdf"),
    "mikel-attachment_nonascii_filename": filed("ciële.txt"),
    "mikel-attachment_only_email": filed("blah.gz"),
    "mikel-attachment_pdf_lf": filed("broken.pdf"),
    "mikel-attachment_with_base64_encoded_name": filed("This is a test.pdf"),
    "mikel-attachment_with_quoted_filename": filed("Eelanalüüsi päring.jpg"),
    "mikel-attachment_with_unquoted_name": filed("This is a test.txt"),
    "mikel-cant_parse_from": nothing(),
    "mikel-email_with_similar_boundaries": filed("LOGO.png"),
    "mikel-invalid_subject_characters": nothing(),
    "mikel-japanese_attachment": filed("てすと.txt"),
    "mikel-missing_content_disposition": filed("Redacted.jpg"),
    "mikel-new_line_in_to_header": nothing(),
    "mikel-report_422": nothing(
        "report", "report", auto_submitted="auto-generated", **BOUNCE
    ),
    "mikel-utf8_headers": nothing(subject="Säying Hello"),
    "mime4j-base64encoded-rfc822message": filed(
        "a simple rfc822 message encoded in a base64 body.eml"
    ),
    "mime4j-base64encoded-rfc822message-nested": filed(
        "a simple rfc822 message encoded in a base64 body.eml"
    ),
    "mime4j-multipartnestedemptyparts": nothing("empty"),
    "mime4j-simple-attachment": filed("data.bin"),
    "mimekit-disposition-notification": nothing(
        "report", "report", report_type="disposition-notification"
    ),
    "mimekit-message-partial.0": nothing(defect="partial"),
    "mimekit-message-partial.2": nothing(defect="partial"),
    "mimekit-missing-subtype": filed("document.xml.gz"),
    "php-issue158a": filed("Test 5.eml"),
    "php-issue163": filed("image1.jpeg"),
    "php-issue212": nothing(),
    "php-issue250": nothing("empty"),
    "php-m0006": nothing(),
    "php-m0008": filed("attachment.txt", ignored=("image", "image")),
    "php-m0013": filed("50032266 CAR 11_MNPA00A01_9PTX_H00 ATT N° 1467829.pdf"),
    "php-m0018": filed("사진.JPG", "ATT00001.txt"),
    "php-m0020": nothing(),
    "php-m0027": nothing("empty"),
    "stalwart-malformed-022": filed("broken.eml"),
    "stalwart-rfc-001": nothing("external", "external", "external"),
    "stalwart-rfc-004": nothing(),
    "stalwart-rfc-007": filed(
        *(f"RFC 8621 Section 4.1.4 test {n}.jpg" for n in (1, 2)),
        "RFC 8621 Section 4.1.4 test 3.xls",
        "J 4.eml",
        ignored=("image",),
    ),
    "stalwart-thirdparty-019": filed("attach2.png", ignored=("image",)),
}
MANY = {"php-m0028": 10, "php-issue408": 328}
PACKED = {
    "one-file": filed("AUTHORS"),
    "long-filename": filed("allproductsmar2000.dat"),
    "data-before-name": filed("boot.ini", ignored=("empty", "empty")),
}


@pytest.fixture(autouse=True)
def _settings(whole_app: Flask) -> Iterator[None]:
    with whole_app.app_context():
        yield


def is_as(found: Found, expected: Expected) -> None:
    letter = found.reading.letter
    assert tuple(found.names) == expected.names
    assert tuple(found.ignored) == expected.ignored
    assert found.reading.defect == expected.defect
    assert letter.report_type == expected.report_type
    assert letter.auto_submitted == expected.auto_submitted
    assert expected.subject in letter.subject
    for item in found.reading.items:
        assert "/" not in item.raw_name or item.ignored


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_real_message_yields_what_the_index_says(name: str) -> None:
    is_as(read((CORPUS / f"{name}.eml").read_bytes()), OUTCOMES[name])


@pytest.mark.parametrize("name", MANY)
def test_all_of_many_are_filed_each_once(name: str) -> None:
    found = read((CORPUS / f"{name}.eml").read_bytes())
    assert found.ignored == []
    assert len(set(found.names)) == len(found.names) == MANY[name]


@pytest.mark.parametrize("name", PACKED)
def test_a_real_winmail_dat_yields_what_the_index_says(name: str) -> None:
    packed = (CORPUS / f"tnef/{name}.tnef").read_bytes()
    kind = "Content-Type: application/ms-tnef; name=winmail.dat"
    is_as(read(mail(multipart(part(kind, packed)))), PACKED[name])


def test_no_file_of_the_corpus_breaks_its_reader() -> None:
    """Also those that came to it after this table."""
    there = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert len(there) >= len(OUTCOMES) + len(MANY) + len(PACKED)
    for path in there:
        assert read(path.read_bytes()).reading.defect != "damaged", path
