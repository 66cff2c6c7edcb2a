"""The same letter in the firm's colours: the HTML beside the text of a notice.

It says nothing that the text does not say, and fetches nothing. An address of the
portal on a line of its own is a button, named by the line before it.
"""

import re
from dataclasses import dataclass, field

from flask import current_app

from app.firms.brand import derive
from app.firms.hosts import url_of
from app.firms.models import Firm

# «Choose your password (until 5 p.m.):» names the button, and what stands below it.
NAMED = re.compile(r"(?P<name>[^():]+?)\s*(?:\((?P<note>[^()]+)\))?\s*:")


@dataclass
class Paragraph:
    lines: list[str] = field(default_factory=list)
    url: str = ""
    name: str = ""  # of the button; without one the address itself is shown
    note: str = ""


def dressed(text: str, firm: Firm) -> str:
    """An HTML page; made outside of any request."""
    body, _sign, foot = text.strip().partition("\n\n--\n")
    return current_app.jinja_env.get_template("notices/letter.html").render(
        paragraphs=[_read(one, url_of(firm)) for one in re.split(r"\n{2,}", body)],
        foot=foot.split("\n") if foot else [firm.name],
        firm=firm,
        theme=derive(firm.brand),
    )


def _read(text: str, portal: str) -> Paragraph:
    lines = [line.rstrip() for line in text.split("\n")]
    url = lines[-1].strip()
    if not url.startswith(f"{portal}/") or " " in url:
        return Paragraph(lines)
    before = lines[:-1]
    named = NAMED.fullmatch(before[-1].strip()) if before else None
    if named is None:
        return Paragraph(before, url)
    note = named["note"] or ""
    return Paragraph(before[:-1], url, named["name"], note[:1].upper() + note[1:])
