"""Any bytes become a letter: nothing raises, nothing dangerous comes through."""

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from app.mailroom import markup, texts
from app.mailroom.links import link, site_of
from app.mailroom.reading import read
from tests.delivery.processes import ROOT
from tests.mailroom.letters import DSN, INVITATION, OLD_BOUNCE, as_bytes

CORPUS = ROOT.parent / "shared/corpus/eml"


def test_an_invitation_is_read_as_a_person_sees_it() -> None:
    letter = read(as_bytes(INVITATION))
    assert letter.subject == "Invitation à rejoindre Dune"
    assert letter.from_name == "QuickBooks"
    assert letter.from_address == "no-reply@notification.intuit.example"
    assert letter.message_id == "<invite-1@intuit.example>"
    assert letter.text.startswith("Dora vous invite dans QuickBooks.")
    assert [one.host for one in letter.links] == [
        "social.example",
        "accounts.intuit.example",
    ]
    assert letter.links[1].text == "Accepter l’invitation"


def test_html_alone_becomes_text_without_scripts_nor_styles() -> None:
    page = (
        "<head><title>T</title></head><style>p{color:red}</style><!-- <b>no</b> -->"
        "<p>Bonjour&nbsp;&amp; bienvenue</p><script>alert('x')</script><p>À bientôt</p>"
    )
    letter = read(b"Content-Type: text/html; charset=utf-8\r\n\r\n" + page.encode())
    assert letter.text == "Bonjour\xa0& bienvenue\n\nÀ bientôt"


def test_a_delivery_report_says_what_became_of_which_message() -> None:
    letter = read(as_bytes(DSN, action="failed", message_id="<m1@bot.test>"))
    assert letter.report
    assert letter.report.action == "failed"
    assert letter.report.status == "5.1.1"
    assert letter.report.recipient == "purchases.dune-alder@tool.test"
    assert letter.report.diagnostic == "550 5.1.1 No such user"
    assert letter.returned == ("<m1@bot.test>",)
    assert "secret" not in letter.text


def test_a_bounce_of_the_old_kind_names_the_message_in_its_text() -> None:
    letter = read(as_bytes(OLD_BOUNCE, message_id="<m2@bot.test>"))
    assert letter.report is None
    assert letter.returned == ("<m2@bot.test>",)


def test_the_report_of_a_message_inside_is_not_the_message_s_own() -> None:
    inner = as_bytes(DSN, action="failed", message_id="<m1@bot.test>")
    outer = (
        b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\n"
        b"see below\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n"
        + inner
        + b"\r\n--o--"
    )
    assert read(outer).report is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://quickbooks.com@evil.test/", "evil.test"),
        ("https://evil.test\\@quickbooks.com/", "evil.test"),
        ("https:evil.test", "evil.test"),
        ("http:///evil.test/a", "evil.test"),
        ("ht\ntps://evil.test/\t", "evil.test"),
        ("https://%65vil.test/", "evil.test"),
        ("https://evil\u3002test/", "evil.test"),
        ("https://EVIL.test:8443/?a", "evil.test"),
        ("https://pаypal.test/", "xn--pypal-4ve.test"),  # a Cyrillic а
        ("https://evil.test#@quickbooks.com", "evil.test"),
    ],
)
def test_the_host_shown_is_the_one_a_browser_goes_to(url: str, host: str) -> None:
    found = link(url)
    assert found
    assert found.host == host
    assert found.url.isascii()
    assert found.url.startswith((f"https://{host}", f"http://{host}"))


@pytest.mark.parametrize(
    "url",
    [
        *(
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "//evil.test",
        ),
        *(
            "ftp://a.test",
            "mailto:a@b.test",
            "https://",
            "https://a b.test/",
            "file:///x",
        ),
        *(f"https://a.test/{'a' * 2000}", "https://" + "a" * 300 + ".test", ""),
    ],
)
def test_what_is_no_web_address_is_no_link(url: str) -> None:
    assert link(url) is None


def test_the_site_of_a_host_is_what_somebody_registered() -> None:
    assert site_of("accounts.intuit.com") == site_of("mail.notification.intuit.com")
    assert site_of("a.co.uk") != site_of("b.co.uk")


HOSTILE = {
    "nothing": b"",
    "NUL": b"Subject: a\x00b\r\n\r\nc\x00d",
    "no body": b"Subject: x",
    "bytes": bytes(range(256)) * 4,
    "8-bit headers": "Subject: été\r\nFrom: Zoé <z@é.test>\r\n\r\nà".encode("latin-1"),
    "a charset of no name": b'Content-Type: text/plain; charset="\x00\xff"\r\n\r\nhi',
    "a charset that is slow": b"Content-Type: text/plain; charset=punycode\r\n\r\n"
    + b"a" * 200_000
    + b"-b",
    "a charset that is none": b"Content-Type: text/plain; charset=zlib\r\n\r\nhi",
    "a broken word": b"Subject: =?utf-8?b?=ZZ=?= =?x-no?q?a=E9?=\r\n\r\n",
    "parentheses": b"From: " + b"(" * 100_000 + b"\r\n\r\nx",
    "references": b"References: " + b"<a@" * 300_000,
    "a number too long": b"Content-Type: text/html\r\n\r\n&#" + b"9" * 9000 + b";",
    "unended tags": b"Content-Type: text/html\r\n\r\n" + b"<a " * 600_000,
    "unended comments": b"Content-Type: text/html\r\n\r\n" + b"<!--" * 400_000,
    "unended declarations": b"Content-Type: text/html\r\n\r\n" + b"<!" * 400_000,
    "open brackets": b"Content-Type: text/html\r\n\r\n" + b"<" * 900_000,
    "many links": b"\r\n" + b"http://a.test/ " * 100_000,
    "nested 20 deep": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(20)
    )
    + b"\nx" * 500_000,
    "nested 3000 deep": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(3000)
    )
    + b"x",
    "messages in messages": b"Content-Type: message/rfc822\r\n\r\n" * 3000,
    "30 MB": b"Subject: big\r\n\r\n" + b"0123456789abcde\n" * 2_000_000,
    "a report of nonsense": b"Content-Type: message/delivery-status\r\n\r\nAction\n:\n",
    "a charset that none can be called": (
        b'Content-Type: text/plain; charset="a\0b"\r\n\r\ncaf\xe9'
    ),
    "a charset within a report": (
        b"Content-Type: message/delivery-status; charset=\0\r\n\r\nAction: \xe9\r\n"
    ),
    "a surrogate": b"Subject: =?utf-8?q?=ED=A0=80?=\r\n\r\n\xed\xa0\x80",
    "ids beyond ASCII": b"Message-ID: <caf\xe9@a.test>\r\nReferences: <\xe9\x01@b>\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_read(name: str) -> None:
    letter = read(HOSTILE[name])
    assert len(letter.text) <= texts.MOST_TEXT
    assert len(letter.links) <= texts.MOST_LINKS
    is_fit(letter.subject, letter.from_name, letter.from_address, letter.text)
    is_fit(letter.message_id, *letter.answers, *letter.returned)


def is_fit(*values: str) -> None:
    """The database takes it."""
    for value in values:
        assert "\x00" not in value
        value.encode("utf-8")


def test_the_start_of_30_mb_is_shown_and_no_more() -> None:
    letter = read(HOSTILE["30 MB"])
    assert letter.subject == "big"
    assert len(letter.text) == texts.MOST_TEXT


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2000))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    letter = read(raw)
    is_fit(letter.subject, letter.from_name, letter.from_address, letter.text)


WORDS = st.sampled_from(
    [
        *("From", "Subject", "Content-Type", "Content-Transfer-Encoding", "References"),
        *("multipart/mixed", "message/rfc822", "message/delivery-status", "text/html"),
        *(
            ": ",
            "; ",
            "boundary=a",
            'charset="',
            "\r\n",
            "\r\n\r\n",
            "--a",
            "--a--",
            "=",
        ),
        *(
            "=?utf-8?q?",
            "?=",
            "base64",
            "<",
            ">",
            "@",
            "\x00",
            "é",
            "Action: failed",
            "\t",
        ),
        *(
            "<a href=",
            "http://",
            "javascript:",
            "&#",
            "Message-ID: <",
            "(",
            '"',
            "\udcff",
        ),
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=60))
def test_nothing_that_looks_like_a_mail_makes_it_raise(words: list[str]) -> None:
    letter = read("".join(words).encode("utf-8", "surrogatepass"))
    is_fit(letter.subject, letter.from_name, letter.from_address, letter.text)
    for one in letter.links:
        assert one.url.startswith(("http://", "https://"))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_no_markup_makes_it_raise(source: str) -> None:
    markup.read(source).text()


@pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus is not there")
def test_every_real_mail_is_read() -> None:
    files: list[Path] = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert len(files) > 40
    for path in files:
        letter = read(path.read_bytes())
        is_fit(letter.subject, letter.from_name, letter.from_address, letter.text)
