"""How sizes, times and the language are shown. Times are Europe/Paris, from UTC."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from flask import Flask, request
from flask_babel import (
    format_date,
    format_datetime,
    get_locale,
    to_user_timezone,
    to_utc,
)
from flask_login import current_user

from app.lean import Lean
from app.texts import for_pages, gettext as _, language, look_up, look_up_plural

LOCALES = ("fr", "en")
NBSP = "\N{NO-BREAK SPACE}"
FRENCH_SIGNS = str.maketrans({",": NBSP, ".": ","})
CSV_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # by which Excel knows UTF-8
# What a spreadsheet takes for the beginning of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        filesize=filesize,
        moment=moment,
        clock=clock,
        short=short,
        fulltime=fulltime,
        iso=iso,
        iso_day=iso_day,
        number=number,
        day=day,
        siren=siren,
    )
    app.jinja_env.globals.update(get_locale=get_locale)
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension(Lean)
    # In place of Flask-Babel's, which look the catalogue up each time.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        look_up, look_up_plural, newstyle=True
    )
    # The extension's own goes through the context for each text.
    app.jinja_env.globals["_"] = for_pages
    app.jinja_env.globals.update(kept=kept, kept_today=kept_today)


def choose_locale() -> str:
    """French, unless the person chose otherwise: never by the browser's list."""
    chosen = request.cookies.get("locale") if request else None
    if request and current_user and current_user.is_authenticated:
        chosen = chosen or current_user.locale
    return chosen if chosen in LOCALES else "fr"


def kept(macro: Callable[..., str]) -> Callable[..., str]:
    """Of a macro that shows nothing but what it is given, in no language and at no
    time: what it made of the same before."""
    # By the types too: a text that is marked safe equals one that is not.
    return lru_cache(maxsize=1024, typed=True)(macro)


def kept_today(macro: Callable[..., str]) -> Callable[..., str]:
    """The same of one that speaks the reader's language and tells days from today: all
    else that it shows, and whose it is, is in what it is given."""

    @lru_cache(maxsize=1024, typed=True)
    def shown(_language: str | None, _today: date, *given: Any, **named: Any) -> str:
        return macro(*given, **named)

    return lambda *given, **named: shown(language(), today(), *given, **named)


def filesize(size: int) -> str:
    """184 ko, 2,1 Mo (powers of 1000, as people's computers now show)."""
    is_french = language() == "fr"
    units = ("o", "ko", "Mo", "Go") if is_french else ("B", "kB", "MB", "GB")
    value, unit = float(size), units[0]
    for unit in units:
        if value < 1000 or unit == units[-1]:
            break
        value /= 1000
    number = f"{value:.1f}" if value < 100 and unit not in units[:2] else f"{value:.0f}"
    number = number.removesuffix(".0")
    return f"{number.replace('.', ',') if is_french else number}{NBSP}{unit}"


def number(value: float) -> str:
    """1 997 or 0,3, whose space does not break."""
    said = f"{value:,}"
    return said.translate(FRENCH_SIGNS) if language() == "fr" else said


def moment(at: datetime) -> str:
    """Short: «auj. 09:51», «hier 18:20», «2 nov. 16:31», with its year if another."""
    return _moment(at.replace(second=0, microsecond=0), today(), language())


@lru_cache(maxsize=4096)
def _moment(at: datetime, today: date, _language: str | None) -> str:
    day, time = to_user_timezone(at).date(), clock(at)
    days = (today - day).days
    if days == 0:
        return _("today %(time)s", time=time)
    if days == 1:
        return _("yesterday %(time)s", time=time)
    pattern = "d MMM" if day.year == today.year else "d MMM y"
    return f"{format_datetime(at, pattern)} {time}"


@lru_cache(maxsize=4096)
def _day_of(minute: datetime) -> date:
    day: date = to_user_timezone(minute).date()
    return day


def today() -> date:
    """Where the people are: a year ends there before it does in UTC."""
    return _day_of(datetime.now(UTC).replace(second=0, microsecond=0))


def day(on: date) -> str:
    """«31 déc. 2026»."""
    return str(format_date(on, "d MMM y"))


def siren(digits: str) -> str:
    """732 829 320, whose spaces do not break."""
    return NBSP.join(digits[at : at + 3] for at in range(0, len(digits), 3))


def midnight(moment: datetime, **instead: int) -> datetime:
    """When the local day of the moment began, in UTC; `day=1`: its month."""
    local: datetime = to_user_timezone(moment)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    began: datetime = to_utc(start.replace(**instead))  # type: ignore[arg-type]
    return began.replace(tzinfo=UTC)


def clock(at: datetime) -> str:
    """«14:30»."""
    local: datetime = to_user_timezone(at)
    return local.strftime("%H:%M")


def short(at: datetime) -> str:
    """«14:30» of today, else as `moment` has it: for the middle of a sentence."""
    now = to_user_timezone(datetime.now(UTC))
    return clock(at) if to_user_timezone(at).date() == now.date() else moment(at)


def fulltime(at: datetime) -> str:
    """«mercredi 4 novembre 2026 à 09:51»."""
    return _fulltime(at.replace(second=0, microsecond=0), language())


@lru_cache(maxsize=4096)
def _fulltime(at: datetime, _language: str | None) -> str:
    return str(format_datetime(at, _("EEEE d MMMM y 'at' HH:mm")))


def iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def iso_day(at: datetime) -> str:
    """2026-11-04, where people are."""
    return _day_of(at.replace(second=0, microsecond=0)).isoformat()


def csv_cell(value: object) -> str:
    """A cell that no spreadsheet computes: a formula gets a quote before it."""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """As French spreadsheets read them: semicolons. The first is to follow CSV_MARK."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, delimiter=";", lineterminator="\r\n")
    writer.writerows([csv_cell(cell) for cell in row] for row in rows)
    return sheet.getvalue()


def csv_text(rows: Iterable[Sequence[object]]) -> bytes:
    """A whole file."""
    return (CSV_MARK + csv_lines(rows)).encode()
