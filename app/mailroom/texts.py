"""What a message says to a person: its text, and the links in it."""

import re
from email.message import Message

from app.mailroom import decoding, markup
from app.mailroom.links import Link, link
from app.mailroom.parts import body, first_returned, is_attached, safely, type_of

MOST_TEXT = 100_000  # characters
MOST_LINKS = 50
_URL = re.compile(
    r"https?://[^\s<>\"'`\u00ab\u00bb\u201c\u201d]{1,2000}", re.IGNORECASE
)
_ENDINGS = ".,;:!?)]}*_\u2019"


def text_and_links(parts: list[Message]) -> tuple[str, tuple[Link, ...]]:
    """The plain text, else that of the HTML; the links of both, those with words over
    them first."""
    plain, pages = "", []
    for part in parts[: first_returned(parts)]:
        if is_attached(part):
            continue
        if type_of(part) == "text/html":
            pages.append(safely(markup.Markup(), markup.read, body(part)))
        elif type_of(part) == "text/plain" and len(plain) < MOST_TEXT:
            plain += f"{body(part)}\n"
    text = plain if plain.strip() else "\n".join(page.text() for page in pages)
    text = decoding.paragraphs(text)[:MOST_TEXT]
    return text, _links([href for page in pages for href in page.hrefs], text)


def _links(hrefs: list[tuple[str, str]], text: str) -> tuple[Link, ...]:
    written = ((match[0].rstrip(_ENDINGS), "") for match in _URL.finditer(text))
    found: dict[str, Link] = {}
    for url, words in [*hrefs, *written]:
        one = safely(None, link, url, decoding.line(words))
        if one and (one.url not in found or not found[one.url].text):
            found[one.url] = one
        if len(found) == MOST_LINKS:
            break
    return tuple(found.values())
