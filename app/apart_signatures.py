"""DKIM and ARC signatures of a message that anybody may have written: which are good.

Loaded by `apart_child`. The library may take long on hostile messages, and many times
the size of large ones: so it is done under limits, and without a network. The keys are
looked up before, and stand as JSON on the first line of the file; the message follows
(RFC 6376, RFC 8617).
"""

import json
import re
from collections.abc import Callable
from typing import Any, BinaryIO

LONGEST_ORDER = 64_000
LONGEST_RESULTS = 2000
SIGNED_BY_SEALER = b"arc-message-signature"
# What a reader goes by must not be there twice: signed is one of them, shown the other.
ONCE = (b"from", b"content-type", b"content-transfer-encoding", b"mime-version")

Ask = Callable[..., bytes]


def signatures(
    source: BinaryIO, _result: BinaryIO, _content_type: str
) -> dict[str, Any]:
    """`good`: of the DKIM signatures asked about, counted from the top, those that
    stand for the whole message. `arc`: what the first of an unbroken chain of sealers
    said, if no one of them nor anybody since altered the message."""
    from dkim import canonicalization

    canonicalization.strip_trailing_whitespace = without_blanks_at_ends
    order = json.loads(source.readline(LONGEST_ORDER))
    raw = source.read()

    def ask(name: bytes, timeout: float = 0) -> bytes:
        found: str = order["keys"].get(name.decode("ascii").lower().rstrip("."), "")
        return found.encode("ascii", "replace")

    return {
        "good": [n for n in order["dkim"] if _safely(False, _is_good, raw, n, ask)],
        "arc": _safely("", _first_results, raw, ask) if order["arc"] else "",
    }


def without_blanks_at_ends(content: bytes) -> bytes:
    """In place of the library's expression, which takes hours for a line of blanks."""
    *lines, rest = content.split(b"\r\n")
    return b"\r\n".join([*(line.rstrip(b"\t ") for line in lines), rest])


def _safely(otherwise: Any, act: Callable[..., Any], *given: Any) -> Any:
    """The library raises anything for what is malformed; a lack of memory is none."""
    try:
        return act(*given)
    except MemoryError:
        raise
    except Exception:
        return otherwise


def _is_good(raw: bytes, number: int, ask: Ask) -> bool:
    import dkim
    from dkim.canonicalization import CanonicalizationPolicy

    signed = dkim.DKIM(raw)
    if not signed.verify_headerprep(number) or not _is_plain(signed):
        return False
    fields = signed.signature_fields
    if fields[b"a"] == b"rsa-sha1" or b"from" not in signed.include_headers:
        return False  # RFC 8301, 3.1; RFC 6376, 5.4: the library takes both
    if b"l" in fields:  # what stands behind it anybody may have added
        rules = CanonicalizationPolicy.from_c_value(fields.get(b"c", b"simple/simple"))
        if int(fields[b"l"]) < len(rules.canonicalize_body(signed.body)):
            return False
    return bool(signed.verify(number, dnsfunc=ask))


def _is_plain(signed: Any) -> bool:
    names = [name.lower() for name, _value in signed.headers]
    return all(names.count(name) <= 1 for name in ONCE)


def _first_results(raw: bytes, ask: Ask) -> str:
    import dkim

    chain = dkim.ARC(raw)
    if not _is_plain(chain):
        return ""
    verdict, sealed, _why = chain.verify(dnsfunc=ask)
    is_whole = verdict == dkim.CV_Pass and all(one["ams-valid"] for one in sealed)
    if not is_whole or not _all_sign_from(chain):
        return ""
    results: bytes = sealed[-1]["aar-value"]  # the first comes last
    return results[:LONGEST_RESULTS].decode("ascii", "replace")


def _all_sign_from(chain: Any) -> bool:
    from dkim.util import parse_tag_value

    values = [v for name, v in chain.headers if name.lower() == SIGNED_BY_SEALER]
    named = [parse_tag_value(value).get(b"h", b"").lower() for value in values]
    return all(b"from" in re.split(rb"\s*:\s*", names) for names in named)


TASKS: dict[str, Any] = {"signatures": signatures}
