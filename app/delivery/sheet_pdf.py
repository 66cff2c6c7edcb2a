"""The proof sheet on paper: the same facts as its dict, page after page.

The same sheet gives the same bytes. Characters that the font has not are written by
their number, never dropped.
"""

import io
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

from app.delivery.sheet_rows import Block, blocks
from app.firms.colours import contrast
from app.texts import gettext as _

INK, MUTED, LINE = HexColor("#1c1f1e"), HexColor("#59605d"), HexColor("#d5dad8")
MARGIN, BAND = 18 * mm, 14 * mm
PADDING = 6  # points, that the library puts inside the margins
PLAIN, BOLD = "Vera", "VeraBd"  # Bitstream Vera, that comes with the library
_FONTS = {name: TTFont(name, f"{name}.ttf") for name in (PLAIN, BOLD)}
for _font in _FONTS.values():
    pdfmetrics.registerFont(_font)
_KNOWN: dict[int, int] = _FONTS[PLAIN].face.charToGlyph

BODY = ParagraphStyle("body", fontName=PLAIN, fontSize=8.5, leading=12, textColor=INK)
LABEL = ParagraphStyle("label", BODY, textColor=MUTED)
TITLE = ParagraphStyle("title", BODY, fontName=BOLD, fontSize=15, leading=19)
HEAD = ParagraphStyle("head", BODY, fontName=BOLD, fontSize=10.5, leading=14)
SMALL = ParagraphStyle("small", LABEL, fontSize=7.5, leading=10)


def sheet_pdf(sheet: dict[str, Any]) -> bytes:
    paper = io.BytesIO()
    document = SimpleDocTemplate(
        paper,
        pagesize=A4,
        leftMargin=MARGIN - PADDING,
        rightMargin=MARGIN - PADDING,
        topMargin=BAND + 6 * mm,
        bottomMargin=MARGIN,
        title=f"{sheet['title']} – {sheet['document']['name']}",
        author=sheet["firm"]["name"],
        lang="fr",
        initialFontName=PLAIN,  # else each page names one that is not embedded
        invariant=1,
    )
    story: list[Flowable] = [
        _text(sheet["title"], TITLE),
        Spacer(0, 1 * mm),
        _text(sheet["summary"], BODY),
    ]
    for block in blocks(sheet):
        story += _block(block)
    story.append(Spacer(0, 5 * mm))
    story += [_text(note, SMALL) for note in sheet["notes"]]
    document.build(story, canvasmaker=lambda *a, **k: _Paper(sheet, *a, **k))
    return paper.getvalue()


def _block(block: Block) -> list[Flowable]:
    width = A4[0] - 2 * MARGIN
    rows = [
        [_text(label, LABEL), [_text(line, BODY) for line in lines]]
        for label, lines in block.rows
    ]
    made: list[Flowable] = [Spacer(0, 5 * mm), _text(block.title, HEAD)]
    if block.text:
        made.append(_text(block.text, BODY))
    made.append(Spacer(0, 1.5 * mm))
    if not rows:
        return made
    table = Table(
        rows,
        colWidths=[38 * mm, width - 38 * mm],
        style=[
            ("FONTNAME", (0, 0), (-1, -1), PLAIN),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEABOVE", (0, 0), (-1, -1), 0.4, LINE),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ],
        splitInRow=1,
    )
    return [KeepTogether(made), table]


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(_writable(text)), style)


def _writable(text: str) -> str:
    """Narrow spaces as spaces; what the font has not by its number."""
    text = text.replace("\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}")
    return "".join(c if ord(c) in _KNOWN else f"[U+{ord(c):04X}]" for c in text)


class _Paper(Canvas):
    """The firm's band on every page, and «page 2 of 3», once it is known how many."""

    def __init__(self, sheet: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sheet = sheet
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - the library's name
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]

    def save(self) -> None:
        pages = self._pages
        for number, page in enumerate(pages, 1):
            self.__dict__.update(page)
            self._band()
            self._foot(number, len(pages))
            super().showPage()
        super().save()

    def _band(self) -> None:
        width, height = A4
        colour = self._sheet["firm"]["colour"]
        self.setFillColor(HexColor(colour))
        self.rect(0, height - BAND, width, BAND, stroke=0, fill=1)
        is_dark = contrast(colour, "#ffffff") >= contrast(colour, "#1c1f1e")
        self.setFillColor(HexColor("#ffffff") if is_dark else INK)
        self.setFont(BOLD, 11)
        name = _cut(_writable(self._sheet["firm"]["name"]), width - 2 * MARGIN, 11)
        self.drawString(MARGIN, height - BAND + 5 * mm, name)

    def _foot(self, number: int, of: int) -> None:
        self.setFont(PLAIN, 7.5)
        self.setFillColor(Color(0.35, 0.38, 0.37))
        page = _("Page %(number)s of %(total)s", number=number, total=of)
        self.drawRightString(A4[0] - MARGIN, 10 * mm, page)
        self.drawString(MARGIN, 10 * mm, self._sheet["document"]["id"])


def _cut(text: str, width: float, size: float) -> str:
    """As much of it as fits on a line."""
    if pdfmetrics.stringWidth(text, BOLD, size) <= width:
        return text
    while text and pdfmetrics.stringWidth(f"{text}…", BOLD, size) > width:
        text = text[:-1]
    return f"{text}…"
