"""The reader's limits hold whatever is written: nothing raises, nothing is lost."""

import io
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from flask import Flask
from hypothesis import given, settings, strategies as st

from app import apart
from app.mailroom.opening import opening, splitting
from app.mailroom.opening.part import Part
from app.mailroom.parts import MOST_PARTS
from app.mailroom.reading import from_json
from tests.collection.parts import PDF, TEXT, as_bytes, mail, multipart, part, read

MOST = 40_000_000


@pytest.fixture(autouse=True)
def settings_of_app(whole_app: Flask) -> Iterator[Flask]:
    with whole_app.app_context():
        yield whole_app


def opened(raw: bytes, most: int = MOST, unzip: bool = True) -> dict[str, Any]:
    """In this process, without what the kernel limits."""
    return opening.opened(io.BytesIO(raw), io.BytesIO(), most=most, unzip=unzip)


# Caps


def nested(times: int) -> bytes:
    whole = multipart(TEXT, part("Content-Type: application/pdf; name=a.pdf"))
    for _level in range(times - 1):
        whole = multipart(whole)
    return mail(whole)


def many(parts: int) -> bytes:
    return mail(multipart(*[part("Content-Type: text/plain", "x")] * (parts - 1)))


def with_headers(size: int) -> bytes:
    start = mail(b"")
    line = b"X-Long: %s\r\n" % (b"x" * (size - len(start) - 10))
    return start + line + b"\r\n" + b"Bonjour"


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (nested(10), ""),
        (nested(11), "oversize"),
        (many(1000), ""),
        (many(1001), "oversize"),
        (with_headers(256_000), ""),
        (with_headers(256_001), "oversize"),
        (mail(multipart(part("X: " + "x" * 256_000))), "oversize"),
    ],
)
def test_over_a_cap_a_message_is_oversize_and_its_letter_is_read(
    raw: bytes, defect: str
) -> None:
    found = read(raw)
    assert found.reading.defect == defect
    assert found.reading.letter.from_address == "compta@supplier.test"
    assert bool(found.reading.items) is (raw == nested(10))


def test_one_byte_over_the_size_is_oversize(settings_of_app: Flask) -> None:
    raw = mail(multipart(TEXT, part("Content-Type: application/pdf; name=a.pdf")))
    assert opened(raw, len(raw))["defect"] == ""
    over = opened(raw, len(raw) - 1)
    assert (over["defect"], over["papers"]) == ("oversize", [])
    assert over["letter"]["subject"] == "Votre facture"


def test_a_message_of_the_limit_is_read_where_the_size_says_so(
    settings_of_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings_of_app.config, "MAX_MAIL_MB", 1)
    raw = mail(part("Content-Type: application/pdf; name=a.pdf", is_encoded=False))
    full = raw + b"%" * (1_000_000 - len(raw))
    assert read(full).names == ["a.pdf"]
    assert read(full + b"%").reading.defect == "oversize"


# What breaks the reader


def test_what_breaks_its_reader_is_damaged_and_its_letter_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No memory to open it with: then the headers alone."""
    ask = apart.ask

    def short(task: str, *given: Any, **wishes: Any) -> Any:
        if task == "mail":
            wishes["megabytes"] = 70
        return ask(task, *given, **wishes)

    monkeypatch.setattr(apart, "ask", short)
    raw = mail(
        multipart(TEXT, part("Content-Type: application/pdf", b"x" * 30_000_000))
    )
    found = read(raw)
    assert found.reading.defect == "damaged"
    assert found.reading.letter.subject == "Votre facture"
    assert found.reading.items == ()


@pytest.mark.parametrize("said", [None, {}, {"letter": {}, "papers": [], "defect": ""}])
def test_a_reader_that_says_nothing_of_use_has_no_say(
    said: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "ask", lambda *given, **wishes: said)
    assert read(mail(TEXT)).reading.defect == "damaged"


def test_the_largest_message_is_read_within_the_limits() -> None:
    files = [os.urandom(5_000_000) for _ in range(5)]
    raw = mail(
        multipart(
            TEXT,
            *(part(f"Content-Type: application/pdf; name={n}.pdf", f)
              for n, f in enumerate(files)),
        )
    )  # fmt: skip
    assert 30_000_000 < len(raw) < MOST
    assert list(read(raw).contents.values()) == files


SHAPES: dict[str, Callable[[], bytes]] = {
    "one file": lambda: mail(
        part("Content-Type: application/pdf; name=a", b"x" * 10**7)
    ),
    "short lines": lambda: mail(
        part("Content-Type: application/x; name=a", "x\n" * 10**6)
    ),
    "text": lambda: mail(part("Content-Type: text/plain", "été\r\n" * 10**6)),
    "quoted-printable": lambda: mail(
        part(
            "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: image/x",
            "=C3=A9t=C3=A9 =\r\n" * 10**6,
        )
    ),
    "parts": lambda: mail(
        multipart(*[part("Content-Type: application/x", b"x" * 10**4)] * 900)
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_message_takes_at_most_three_times_its_size(shape: str) -> None:
    """Its bytes are read once; what comes out is written as it comes."""
    raw = SHAPES[shape]()
    source = io.BytesIO(raw)
    with open(os.devnull, "wb") as nothing:
        tracemalloc.start()
        try:
            opening.opened(source, nothing, most=MOST, unzip=False)
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak <= 3 * len(raw), peak / len(raw)


# The process apart


def alone(program: str) -> subprocess.CompletedProcess[str]:
    path = Path(apart.__file__).with_name("apart_child.py")
    start = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('apart_child', {str(path)!r})\n"
        "child = importlib.util.module_from_spec(spec)\n"
        "sys.modules['apart_child'] = child\n"
        "spec.loader.exec_module(child)\n"
    )
    return subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-I", "-c", start + program],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


def test_nothing_that_knows_a_secret_is_loaded_beside_the_reader() -> None:
    done = alone(
        "child._load_readers()\n"
        "known = {'flask', 'sqlalchemy', 'redis', 'boto3', 'config'}\n"
        "is_there = 'app.mailroom.opening.opening' in sys.modules\n"
        "print(sorted(known & set(sys.modules)), is_there)\n"
    )
    assert done.stdout == "[] True\n", done.stderr


@pytest.mark.parametrize(
    "act",
    [
        "import socket; socket.create_connection(('127.0.0.1', 6399))",
        "import socket; socket.getaddrinfo('supplier.test', 80)",
        "import subprocess; subprocess.run(['/bin/true'])",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "import os; os.system('true')",
    ],
)
def test_nothing_is_fetched_nor_started_while_it_reads(act: str) -> None:
    done = alone(f"child._shut_in(may_start=False)\n{act}\nprint('done')")
    assert "PermissionError" in done.stderr
    assert "done" not in done.stdout


# Whatever is written

WORDS = st.sampled_from(
    [
        *(
            "From: a@b.test\r\n",
            "Subject: =?utf-8?B?w6l0w6k=?=\r\n",
            "\r\n",
            "\n",
            "\r",
        ),
        *("Content-Type: ", "Content-Disposition: ", "Content-Transfer-Encoding: "),
        *("multipart/mixed", "multipart/related", "multipart/report", "message/rfc822"),
        *("multipart/digest", "multipart/alternative", "message/delivery-status"),
        *("text/plain", "text/html", "application/pdf", "image/png", "text/calendar"),
        *("application/ms-tnef", "application/zip", "application/pkcs7-mime"),
        *("; boundary=b", '; boundary="c"', "; name=a.pdf", "; filename*0*=utf-8''%C3"),
        *("; filename*1*=%A9.pdf", '; filename="', "attachment", "inline", "base64"),
        *("quoted-printable", "x-uuencode", "--b\r\n", "--c\r\n", "--b--\r\n", "--c--"),
        *(
            "Content-ID: <x>\r\n",
            "cid:x",
            "begin 644 a\r\n",
            "#0V%T\r\n",
            "`\r\nend\r\n",
        ),
        *("PK\x03\x04", "\x78\x9f\x3e\x22", "JVBERi0xLjQK", "=", "\x00", "é", "\udcff"),
    ]
)
ANYTHING = st.one_of(
    st.binary(max_size=2000),
    st.lists(st.one_of(WORDS, st.text(max_size=4)), max_size=60).map(
        lambda words: (
            "".join(words).encode("utf-8", "surrogateescape")
            if all(_is_fit(word) for word in words)
            else b""
        )
    ),
)


def _is_fit(word: str) -> bool:
    try:
        as_bytes(word)
    except UnicodeEncodeError:
        return False
    return True


@settings(max_examples=600)
@given(ANYTHING)
def test_whatever_is_written_the_caps_hold(raw: bytes) -> None:
    said = opened(raw)
    letter = from_json(said["letter"])
    assert "\x00" not in letter.subject + letter.text + letter.from_address
    numbers = [paper["number"] for paper in said["papers"]]
    assert len(numbers) == len(set(numbers)) <= MOST_PARTS + 200
    for paper in said["papers"]:
        assert len(paper["name"]) <= 200
        paper["name"].encode()
        assert "\x00" not in paper["content_type"].encode().decode()
        assert paper["size"] or paper["ignored"]
    assert said["defect"] in {"", "oversize", "partial"}
    if said["defect"]:
        assert said["papers"] == []


@settings(max_examples=40)
@given(ANYTHING)
def test_read_apart_it_is_what_it_is_read_here(raw: bytes) -> None:
    said, found = opened(raw, unzip=False), read(raw)
    assert found.reading.defect == said["defect"]
    assert found.reading.letter == from_json(said["letter"])
    theirs = [(paper["number"], paper["sha256"]) for paper in said["papers"]]
    assert theirs == [(item.number, item.sha256) for item in found.reading.items]


LEAVES = st.tuples(
    st.sampled_from(["application/pdf", "text/plain", "image/png", "text/csv"]),
    st.binary(max_size=300),
    st.text(
        st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=60
    ),
)


@settings(max_examples=80)
@given(
    st.lists(LEAVES, min_size=1, max_size=6),
    st.sampled_from([policy.SMTP, policy.default, policy.SMTP.clone(cte_type="8bit")]),
    st.booleans(),
)
def test_what_is_written_by_the_rules_is_read_as_the_standard_parser_reads_it(
    leaves: list[tuple[str, bytes, str]], how: Any, is_forwarded: bool
) -> None:
    message = EmailMessage()
    message["Subject"], message["From"] = "été", "a@b.test"
    message.set_content("Bonjour\n")
    for kind, content, name in leaves:
        main, _slash, sub = kind.partition("/")
        message.add_attachment(content, main, sub, filename=f"{name}.bin")
    if is_forwarded:
        outer = EmailMessage()
        outer.set_content("Tr\n")
        outer.add_attachment(message)
        message = outer
    raw = message.as_bytes(policy=how)
    theirs = [
        (_composed(part), part.get_content_type(), part.get_payload(decode=True))
        for part in BytesParser(policy=policy.default).parsebytes(raw).walk()
        if not part.is_multipart()
    ]
    ours = [
        (name or None, kind, content)
        for name, kind, content in _leaves(splitting.split(raw).root)
    ]
    assert ours == theirs


def _composed(part: Any) -> str | None:
    name = part.get_filename()
    return normalize("NFC", name) if name else None


def _leaves(part: Part) -> Iterator[tuple[str, str, bytes]]:
    from app.mailroom.opening.parameters import name_of
    from app.mailroom.opening.payloads import payload

    if not part.parts:
        yield name_of(part.message), part.kind, payload(part)
    for inner in part.parts:
        yield from _leaves(inner)


def test_a_pdf_is_found_whatever_ends_its_lines() -> None:
    raw = mail(multipart(TEXT, part("Content-Type: application/pdf; name=a.pdf")))
    for end in (b"\n", b"\r"):
        assert read(raw.replace(b"\r\n", end)).contents == {"a.pdf": PDF}


@pytest.mark.parametrize(
    "headers",
    [
        # A line that lost its indent, one of no meaning, headers of nothing
        "To: a@b.test,\r\nc@d.test\r\n",
        "\x00\x01 nothing\r\n",
        "X-Empty:\r\n:\r\nDate: never\r\nTo: (((\r\n",
        "Content-Language: \udce9\r\nX-\udcff: x\r\n",
        # Blank lines before what kind of message it is
        "MIME-Version: 1.0\r\n\r\n   \r\n\r\n",
    ],
)
def test_headers_against_the_rule_hide_no_document(headers: str) -> None:
    body = multipart(TEXT, part("Content-Type: application/pdf; name=a.pdf"))
    for start in ("", "From compta@supplier.test Mon Nov  2 09:00:00 2026\r\n"):
        raw = as_bytes(f"{start}Subject: x\r\nFrom: \r\n{headers}") + body
        assert read(raw).contents == {"a.pdf": PDF}


def test_a_boundary_within_a_line_or_with_words_behind_it_is_text() -> None:
    text = part(
        "Content-Disposition: attachment; filename=a.txt",
        "x --b\r\n--b and more\r\n--bb\r\n",
    )
    inside = b"--b\r\n" + text + b"\r\n--b \t\r\n" + TEXT + b"\r\n--b--\r\n--b\r\nafter"
    found = read(mail(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + inside))
    assert found.contents == {"a.txt": b"x --b\r\n--b and more\r\n--bb\r\n"}
    assert found.reading.letter.text == "Bonjour,\nci-joint."


@pytest.mark.parametrize("end", [b"", b"--b", b"--b\r\n\r\n"])
def test_a_message_whose_end_is_missing_is_read_to_where_it_ends(end: bytes) -> None:
    inside = b"--b\r\n" + part("Content-Type: application/pdf; name=a.pdf") + end
    found = read(mail(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + inside))
    assert found.contents == {"a.pdf": PDF}


@pytest.mark.parametrize(
    "written", ['boundary*0="b"; boundary*1="c"', "boundary*=us-ascii'en'b%63"]
)
def test_a_boundary_in_pieces_or_encoded_is_one(written: str) -> None:
    """RFC 2231, 3 and 4."""
    inside = b"--bc\r\n" + part("Content-Type: application/pdf; name=a.pdf") + b"--bc--"
    head = f"Content-Type: multipart/mixed; {written}\r\n\r\n".encode()
    assert read(mail(head + inside)).contents == {"a.pdf": PDF}


@pytest.mark.parametrize("said", ["", "; boundary=another"])
def test_a_mail_whose_parts_cannot_be_told_apart_is_damaged(said: str) -> None:
    """A person looks at it: what is in it, nobody can tell."""
    inside = b"--b\r\n" + part("Content-Type: application/pdf; name=a.pdf") + b"--b--"
    broken = f"Content-Type: multipart/mixed{said}\r\n\r\n".encode() + inside
    beside = part("Content-Type: application/pdf; name=beside.pdf")
    attached = b"Content-Type: message/rfc822\r\n\r\n" + mail(broken)
    for raw in (broken, multipart(TEXT, broken, beside), multipart(TEXT, attached)):
        found = read(mail(raw))
        assert found.reading.defect == "damaged"
    assert "beside.pdf" in read(mail(multipart(TEXT, broken, beside))).contents
    empty = multipart(TEXT, b"Content-Type: multipart/mixed\r\n\r\n \r\n", beside)
    assert read(mail(empty)).reading.defect == ""
