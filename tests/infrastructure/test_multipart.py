"""A form's files come out byte for byte, and a body that is cut never looks whole."""

import io
import tracemalloc
from collections.abc import Iterator
from typing import cast

import pytest
from gunicorn.http.body import (  # type: ignore[import-untyped]  # ships no py.typed
    Body,
    ChunkedReader,
)
from gunicorn.http.unreader import IterUnreader  # type: ignore[import-untyped]
from hypothesis import given, settings, strategies as st
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.test import EnvironBuilder
from werkzeug.wsgi import LimitedStream, get_input_stream

from app import multipart
from app.multipart import (
    BadUpload,
    Field,
    FieldTooLarge,
    File,
    Malformed,
    NotMultipart,
    Stream,
    TooManyParts,
    Truncated,
    drain,
    read,
)

BOUNDARY = "----WebKitFormBoundaryQx7"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
DELIMITER = f"--{BOUNDARY}\r\n".encode()
CLOSING = f"--{BOUNDARY}--\r\n".encode()


def part(disposition: str, content: bytes = b"", *headers: str) -> bytes:
    lines = [f"Content-Disposition: form-data{disposition}", *headers, "", ""]
    return DELIMITER + "\r\n".join(lines).encode() + content + b"\r\n"


def file(name: str, content: bytes) -> bytes:
    disposition = f'; name="file"; filename="{name}"'
    return part(disposition, content, "Content-Type: application/pdf")


class Wire(io.RawIOBase):
    """Gives at most the next size at each read, as a socket does; fails at its end."""

    def __init__(
        self, body: bytes, sizes: list[int] | None = None, cut: Exception | None = None
    ) -> None:
        self._body = io.BytesIO(body)
        self._sizes = sizes or [len(body) or 1]
        self._cut = cut

    def read(self, size: int = -1) -> bytes:
        self._sizes.append(self._sizes.pop(0))
        chunk = self._body.read(min(size, self._sizes[0]))
        if self._cut and not chunk:
            raise self._cut
        return chunk


def parts(
    body: bytes,
    *,
    stream: Stream | None = None,
    length: int | None = None,
    **limits: int,
) -> list[Field | tuple[str | None, bytes]]:
    stream = Wire(body) if stream is None else stream
    return [
        each if isinstance(each, Field) else (each.filename, b"".join(each))
        for each in read(stream, FORM, length, **limits)
    ]


class TestWhatIsRead:
    def test_fields_and_files_come_in_the_order_of_the_document(self) -> None:
        body = (
            file("a.pdf", b"first")
            + part('; name="csrf_token"', "é".encode())
            + file("image.jpg", b"")
            + file("image.jpg", b"\r\n--")
            + part('; name="note"')
            + CLOSING
        )
        assert parts(body, length=len(body)) == [
            ("a.pdf", b"first"),
            Field("csrf_token", "é"),
            ("image.jpg", b""),
            ("image.jpg", b"\r\n--"),
            Field("note", ""),
        ]

    def test_a_form_without_parts_is_empty(self) -> None:
        assert parts(CLOSING) == []

    def test_an_empty_file_input_is_a_file_without_name(self) -> None:
        body = part('; name="file"; filename=""', b"", "Content-Type: text/plain")
        assert parts(body + CLOSING) == [("", b"")]

    def test_a_typed_part_without_name_is_a_file(self) -> None:
        body = part('; name="file"', b"%PDF", "Content-Type: application/pdf")
        assert parts(body + CLOSING) == [(None, b"%PDF")]

    def test_it_never_reads_past_the_content_length(self) -> None:
        body = file("a.pdf", b"x") + CLOSING
        stream = io.BytesIO(body + b"GET / HTTP/1.1")
        assert parts(b"", stream=stream, length=len(body)) == [("a.pdf", b"x")]
        assert stream.read() == b"GET / HTTP/1.1"

    def test_it_reads_what_the_test_client_sends(self) -> None:
        upload = (io.BytesIO(b"bytes"), "Relevé d’été.pdf")
        environ = EnvironBuilder(
            method="POST", data={"file": upload, "note": "ok"}
        ).get_environ()
        kind, length = environ["CONTENT_TYPE"], int(environ["CONTENT_LENGTH"])
        found = read(get_input_stream(environ), kind, length)
        assert next(found) == Field("note", "ok")
        received = next(found)
        assert isinstance(received, File)
        assert (received.filename, b"".join(received)) == ("Relevé d’été.pdf", b"bytes")

    @settings(deadline=None)
    @given(
        contents=st.lists(
            st.lists(
                st.sampled_from(
                    [b"\r", b"\n", b"\r\n--", b"-", CLOSING[2:20], DELIMITER[:-3]]
                )
                | st.binary(max_size=40),
                max_size=8,
            ).map(b"".join),
            max_size=4,
        ),
        sizes=st.lists(st.integers(1, 60), min_size=1, max_size=8),
        known=st.booleans(),
    )
    def test_any_bytes_in_any_pieces_come_out_equal(
        self, contents: list[bytes], sizes: list[int], known: bool
    ) -> None:
        contents = [each.replace(BOUNDARY.encode(), b"") for each in contents]
        body = b"".join(file("x", content) for content in contents) + CLOSING
        length = len(body) if known else None
        found = parts(b"", stream=Wire(body, sizes), length=length)
        assert found == [("x", content) for content in contents]


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ('filename="Devis n°3 – été 🧾.pdf"', "Devis n°3 – été 🧾.pdf"),
        ('filename="发票.pdf"', "发票.pdf"),
        ('filename="a%22b%0D%0Ac.pdf"', 'a"b\r\nc.pdf'),
        ('filename="100%25 %0d %41.pdf"', "100%25 %0d %41.pdf"),
        ('filename="a\0b.pdf"', "a\0b.pdf"),
        ('filename="a;b=c; d.pdf"', "a;b=c; d.pdf"),
        ('filename="C:\\scans\\été.pdf"', "C:\\scans\\été.pdf"),
        ('filename="ends with \\"', "ends with \\"),
        ('filename="the \\"old\\" way.pdf"', 'the "old" way.pdf'),
        ('filename="quotes "as they are".pdf"', 'quotes "as they are".pdf'),
        ("filename=bare.pdf", "bare.pdf"),
        ("FileName = spaced.pdf ;", "spaced.pdf"),
        ("filename=\"e.pdf\"; filename*=UTF-8''%C3%A9%20.pdf", "é .pdf"),
        ("filename*=utf-8'fr'%E2%82%AC.pdf", "€.pdf"),
        ("filename=\"kept.pdf\"; filename*=utf-7''x", "kept.pdf"),
    ],
)
def test_a_name_comes_out_as_it_was_typed(sent: str, name: str) -> None:
    assert parts(part(f'; name="file"; {sent}', b"x") + CLOSING) == [(name, b"x")]


def test_a_name_in_the_code_page_of_windows_is_read() -> None:
    body = file("relevé €.pdf", b"x") + CLOSING
    sent = body.replace("é €".encode(), "é €".encode("cp1252"))
    assert parts(sent) == [("relevé €.pdf", b"x")]


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "content_type",
        [
            "",
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "multipart/mixed; boundary=x",
            'multipart/form-data; boundary="a\rb"',
            f"multipart/form-data; boundary={'x' * 201}",
        ],
    )
    def test_another_content_type(self, content_type: str) -> None:
        with pytest.raises(NotMultipart):
            read(io.BytesIO(b""), content_type, 0)

    @pytest.mark.parametrize(
        "body",
        [
            DELIMITER + b"no colon\r\n\r\n" + CLOSING,
            DELIMITER + b"Content-Type: text/plain\r\n\r\nno name\r\n" + CLOSING,
            part("") + CLOSING,
            part('; name="x" garbage') + CLOSING,
            part('; name="x', b"") + CLOSING,
            file("a" * 9000, b"x") + CLOSING,
            file("a", b"x") + DELIMITER.strip() + b"?" + CLOSING,
            file("a", b"x") + CLOSING + b"more",
            file("a", b"one\r\n" + CLOSING + b"two") + CLOSING,
            part('; name="note"', b"\xff") + CLOSING,
            # An empty part without its blank line swallows no other one.
            file("a", b"")[:-2] + file("b", b"x") + CLOSING,
            part(
                '; name="a"; filename="a"', b"eA==", "Content-Transfer-Encoding: base64"
            )
            + CLOSING,
        ],
    )
    @pytest.mark.parametrize("size", [1, 100_000])
    def test_a_malformed_body(self, body: bytes, size: int) -> None:
        with pytest.raises(Malformed):
            parts(b"", stream=Wire(body, [size]), length=len(body))

    @pytest.mark.parametrize("body", [b"garbage", b"garbage" + CLOSING, CLOSING[2:]])
    @pytest.mark.parametrize("size", [1, 100_000])
    def test_a_body_of_something_else(self, body: bytes, size: int) -> None:
        with pytest.raises(BadUpload):
            parts(b"", stream=Wire(body, [size]), length=len(body))

    def test_one_part_too_many(self) -> None:
        allowed = part('; name="x"') * 1000
        assert len(parts(allowed + CLOSING)) == 1000
        with pytest.raises(TooManyParts):
            parts(allowed + part('; name="x"') + CLOSING)

    def test_a_field_that_is_too_large(self) -> None:
        body = part('; name="note"', b"x" * 11) + CLOSING
        assert parts(body, max_field_bytes=11) == [Field("note", "x" * 11)]
        with pytest.raises(FieldTooLarge):
            parts(body, max_field_bytes=10)


class TestWhatIsCut:
    body = file("a.pdf", b"first\r\n") + file("b.pdf", b"second") + CLOSING

    @pytest.mark.parametrize("known", [True, False], ids=["length", "chunked"])
    def test_a_body_cut_anywhere_says_so(self, known: bool) -> None:
        length = len(self.body) if known else None
        needed = len(self.body) - (0 if known else len("\r\n"))
        for end in range(needed):
            with pytest.raises(Truncated):
                parts(self.body[:end], length=length)

    def test_a_file_that_was_cut_never_looks_whole(self) -> None:
        end = self.body.index(b"second") + len(b"second")
        found = read(io.BytesIO(self.body[:end]), FORM, len(self.body))
        whole = next(found)
        assert b"".join(cast(File, whole)) == b"first\r\n"
        cut = cast(File, next(found))
        with pytest.raises(Truncated):
            b"".join(cut)
        with pytest.raises(Truncated):
            next(cut)
        with pytest.raises(Truncated):
            next(found)

    @pytest.mark.parametrize(
        "error", [ConnectionResetError(), ClientDisconnected(), Exception("server's")]
    )
    def test_a_connection_that_breaks_is_a_cut(self, error: Exception) -> None:
        with pytest.raises(Truncated) as caught:
            parts(b"", stream=Wire(self.body[:-9], cut=error))
        assert caught.value.__cause__ is error

    def test_a_chunked_body_of_gunicorn_is_whole_or_cut(self) -> None:
        sent = b"".join(b"%x\r\n%c\r\n" % (1, byte) for byte in self.body)
        whole = Body(ChunkedReader(None, IterUnreader([sent + b"0\r\n\r\n"])))
        assert parts(b"", stream=whole) == [
            ("a.pdf", b"first\r\n"),
            ("b.pdf", b"second"),
        ]
        for wire in (sent, sent + b"0\r\n", sent[:-40], sent[:-2] + b"x"):
            cut = Body(ChunkedReader(None, IterUnreader([wire])))
            with pytest.raises(Truncated):
                parts(b"", stream=cut)

    def test_a_limit_of_flask_stays_its_own_answer(self) -> None:
        limited = LimitedStream(io.BytesIO(self.body), 100, is_max=True)
        with pytest.raises(RequestEntityTooLarge):
            parts(b"", stream=limited)
        assert not drain(limited, 1000)

    def test_all_refusals_are_one_kind(self) -> None:
        kinds = (Truncated, Malformed, NotMultipart, TooManyParts, FieldTooLarge)
        assert all(issubclass(kind, BadUpload) for kind in kinds)


class TestOrder:
    body = file("a.pdf", b"first") + file("b.pdf", b"second") + CLOSING

    def test_a_file_not_read_is_passed_over(self) -> None:
        skipped, wanted = [cast(File, each) for each in self.found()]
        assert [skipped.filename, wanted.filename] == ["a.pdf", "b.pdf"]

    def test_a_file_passed_over_is_not_an_empty_file(self) -> None:
        found = self.found()
        late = cast(File, next(found))
        next(found)
        with pytest.raises(RuntimeError):
            b"".join(late)
        with pytest.raises(RuntimeError):
            next(late)

    def test_a_file_is_read_only_once(self) -> None:
        once = cast(File, next(self.found()))
        assert b"".join(once) == b"first"
        assert next(once, None) is None
        with pytest.raises(RuntimeError):
            b"".join(once)

    def found(self) -> Iterator[Field | File]:
        return read(io.BytesIO(self.body), FORM, len(self.body))


class TestDrain:
    def test_it_tells_whether_the_end_was_reached(self) -> None:
        assert drain(Wire(b"x" * 5000, [7, 900]), 5000)
        assert not drain(io.BytesIO(b"x" * 5001), 4000)
        assert drain(io.BytesIO(b""), 0)

    def test_it_takes_no_more_than_it_may(self) -> None:
        stream = io.BytesIO(b"x" * 5000)
        drain(stream, 4000)
        assert stream.tell() == 4001

    def test_a_connection_that_breaks_is_no_end(self) -> None:
        assert not drain(Wire(b"x", cut=OSError()), 10)


class Flow(io.RawIOBase):
    """A body of 64 MB made as it is read."""

    def __init__(self) -> None:
        block = bytes(range(256)) * 4096
        self._left = iter(
            [file("scan.pdf", b"")[:-2], *[block] * 64, b"\r\n" + CLOSING]
        )

    def read(self, size: int = -1) -> bytes:
        return next(self._left, b"")


def test_memory_stays_flat() -> None:
    stream = Flow()
    tracemalloc.start()
    size = sum(len(chunk) for chunk in cast(File, next(read(stream, FORM, None))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 64 * 1024 * 1024
    assert peak < 4 * multipart.CHUNK
