"""The papers of the demonstration world: invoices and letters that never were."""

import io
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from zlib import crc32

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
LEFT, RIGHT = 22 * mm, WIDTH - 22 * mm
INK, MUTED, LINE = HexColor("#1f2733"), HexColor("#66707d"), HexColor("#d9dee5")
COLOURS = ("#17407a", "#0f766e", "#b4532a", "#6d28d9", "#9f1239", "#3f6212")
# «Veolia 61,30»: what has an amount is an invoice, the rest a letter.
PRICED = re.compile(r"(?P<from>.+?) (?P<amount>\d[\d ]*,\d\d)")
SHARES = (("Fournitures", 62), ("Prestation", 30), ("Frais de port", 8))
WORDS = (
    "Madame, Monsieur,",
    "Vous trouverez ci-dessous les éléments convenus lors de notre dernier échange.",
    "Nous restons à votre disposition pour toute précision.",
)


def paper(text: str, to: str, on: date) -> bytes:
    """A PDF of one page; the same bytes for the same values."""
    made = io.BytesIO()
    sheet = Canvas(made, pagesize=A4, invariant=1, lang="fr")
    colour = HexColor(COLOURS[crc32(text.encode()) % len(COLOURS)])
    priced = PRICED.fullmatch(text)
    _head(sheet, priced["from"] if priced else text, colour)
    if priced:
        total = Decimal(priced["amount"].replace(" ", "").replace(",", "."))
        _invoice(sheet, total, to, on, colour)
    else:
        _letter(sheet, to, on)
    _write(
        sheet, LEFT, 16 * mm, "Pièce fictive, créée pour la démonstration.", 8, MUTED
    )
    sheet.save()
    return made.getvalue()


def _head(sheet: Canvas, name: str, colour: Color) -> None:
    sheet.setFillColor(colour)
    sheet.circle(LEFT + 7 * mm, HEIGHT - 29 * mm, 7 * mm, stroke=0, fill=1)
    sheet.setFillColor(white)
    sheet.setFont("Helvetica-Bold", 18)
    sheet.drawCentredString(LEFT + 7 * mm, HEIGHT - 31.2 * mm, name[:1].upper())
    _write(sheet, LEFT + 18 * mm, HEIGHT - 31 * mm, name, 19, colour, bold=True)


def _invoice(sheet: Canvas, total: Decimal, to: str, on: date, colour: Color) -> None:
    y = HEIGHT - 29 * mm
    _write(sheet, RIGHT, y, "FACTURE", 13, INK, bold=True, to_the_right=True)
    number = f"N° {on:%Y%m}-{crc32(str(total).encode()) % 10_000:04}"
    for text in (number, f"du {on:%d/%m/%Y}"):
        y -= 5 * mm
        _write(sheet, RIGHT, y, text, 9, MUTED, to_the_right=True)
    _addressee(sheet, to)
    net = (total / Decimal("1.2")).quantize(Decimal("0.01"))
    y = HEIGHT - 108 * mm
    sheet.setFillColor(Color(*colour.rgb(), alpha=0.09))
    sheet.rect(LEFT, y - 2.5 * mm, RIGHT - LEFT, 8 * mm, stroke=0, fill=1)
    _row(sheet, y, "Désignation", "Montant HT", bold=True)
    for label, amount in _shares(net):
        y -= 9 * mm
        _row(sheet, y, label, _euros(amount))
        _rule(sheet, y - 3 * mm)
    y -= 6 * mm
    for label, amount in (("Total HT", net), ("TVA 20 %", total - net)):
        y -= 7 * mm
        _row(sheet, y, label, _euros(amount), start=RIGHT - 70 * mm)
    y -= 11 * mm
    sheet.setFillColor(colour)
    sheet.rect(RIGHT - 74 * mm, y - 3.5 * mm, 74 * mm, 11 * mm, stroke=0, fill=1)
    start, end = RIGHT - 70 * mm, RIGHT - 4 * mm
    _write(sheet, start, y, "Total TTC", 12, white, bold=True)
    _write(sheet, end, y, _euros(total), 12, white, bold=True, to_the_right=True)


def _letter(sheet: Canvas, to: str, on: date) -> None:
    _addressee(sheet, to)
    y = HEIGHT - 104 * mm
    for line in (f"Le {on:%d/%m/%Y}", *WORDS):
        _write(sheet, LEFT, y, line, 11, INK)
        y -= 10 * mm


def _addressee(sheet: Canvas, to: str) -> None:
    sheet.setStrokeColor(LINE)
    sheet.roundRect(RIGHT - 78 * mm, HEIGHT - 84 * mm, 78 * mm, 26 * mm, 2 * mm)
    x = RIGHT - 72 * mm
    _write(sheet, x, HEIGHT - 67 * mm, to, 11, INK, bold=True)
    _write(sheet, x, HEIGHT - 73 * mm, "1 rue de l’Exemple", 9.5, MUTED)
    _write(sheet, x, HEIGHT - 78 * mm, "44000 Nantes", 9.5, MUTED)


def _shares(net: Decimal) -> Sequence[tuple[str, Decimal]]:
    """What the net amount is made of, to the cent."""
    parts = [(net * share / 100).quantize(Decimal("0.01")) for _l, share in SHARES[1:]]
    labels = [label for label, _share in SHARES]
    return list(zip(labels, [net - sum(parts), *parts], strict=True))


def _row(
    sheet: Canvas,
    y: float,
    label: str,
    value: str,
    *,
    start: float = 0,
    bold: bool = False,
) -> None:
    _write(sheet, start or LEFT + 4 * mm, y, label, 10, INK, bold=bold)
    _write(sheet, RIGHT - 4 * mm, y, value, 10, INK, bold=bold, to_the_right=True)


def _rule(sheet: Canvas, y: float) -> None:
    sheet.setStrokeColor(LINE)
    sheet.line(LEFT, y, RIGHT, y)


def _write(
    sheet: Canvas,
    x: float,
    y: float,
    text: str,
    size: float,
    colour: Color,
    *,
    bold: bool = False,
    to_the_right: bool = False,
) -> None:
    sheet.setFillColor(colour)
    sheet.setFont("Helvetica-Bold" if bold else "Helvetica", size)
    (sheet.drawRightString if to_the_right else sheet.drawString)(x, y, text)


def _euros(amount: Decimal) -> str:
    return f"{amount:,.2f} €".replace(",", " ").replace(".", ",")
