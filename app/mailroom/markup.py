"""HTML to plain text and links, in one pass over it.

The standard library's parser takes minutes for some inputs of a hundred kilobytes;
this one only ever goes forward.
"""

import html
import re
from dataclasses import dataclass, field

LONGEST_TAG = 8000
_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9]*)")
_HREF = re.compile(
    r"""(?<![^\s"'/])href\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""",
    re.IGNORECASE,
)
# No character has such a number, and Python refuses to read the longest ones.
_ABSURD = re.compile(r"&#[xX]?[0-9a-fA-F]{9,};?")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_NO_TEXT = {"script", "style", "head", "title", "template", "noscript", "textarea"}
_NEW_LINE = {
    *("address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "footer"),
    *("form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p"),
    *("pre", "section", "table", "tr", "ul"),
}


@dataclass
class Markup:
    """What was found: the text in pieces, and (address, words) of each link."""

    pieces: list[str] = field(default_factory=list)
    hrefs: list[tuple[str, str]] = field(default_factory=list)
    _open: tuple[str, int] | None = None

    def text(self) -> str:
        return re.sub(r" *\n *", "\n", _joined(self.pieces))

    def say(self, raw: str) -> None:
        if raw:
            self.pieces.append(_SPACE.sub(" ", unescape(raw)))

    def meet(self, tag: str, name: str) -> None:
        if name == "a":
            self.close_link()
            href = None if tag.startswith("/") else _HREF.search(tag)
            if href:
                where = unescape(href[1] or href[2] or href[3] or "")
                self._open = (where, len(self.pieces))
        elif name in _NEW_LINE:
            self.pieces.append("\n")
        elif name in {"td", "th"}:
            self.pieces.append(" ")

    def close_link(self) -> None:
        if self._open:
            where, start = self._open
            words = _SPACE.sub(" ", "".join(self.pieces[start : start + 50])).strip()
            self.hrefs.append((where, words))
            self._open = None


def read(source: str) -> Markup:
    found, at = Markup(), 0
    while (start := source.find("<", at)) >= 0:
        found.say(source[at:start])
        if source.startswith("<!--", start):
            at = _after(source, "-->", start + 4)
            continue
        name = _NAME.match(source, start + 1)
        if name is None and source[start + 1 : start + 2] not in {"!", "?", "/"}:
            found.say("<")
            at = start + 1
            continue
        at = _after(source, ">", start)
        if name:
            found.meet(
                source[start + 1 : min(at, start + LONGEST_TAG)], name[1].lower()
            )
            at = _over_contents(source, name, at)
    found.say(source[at:])
    found.close_link()
    return found


def _over_contents(source: str, name: re.Match[str], at: int) -> int:
    """Behind what is no text: scripts, styles."""
    if name[0].startswith("/") or name[1].lower() not in _NO_TEXT:
        return at
    end = re.compile(f"</{name[1]}", re.IGNORECASE).search(source, at)
    return end.start() if end else len(source)


def _after(source: str, mark: str, at: int) -> int:
    end = source.find(mark, at)
    return end + len(mark) if end >= 0 else len(source)


def _joined(pieces: list[str]) -> str:
    return re.sub(r" {2,}", " ", "".join(pieces))


def unescape(text: str) -> str:
    return html.unescape(_ABSURD.sub("", text))
