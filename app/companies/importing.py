"""Opening many companies from a file: what each line would do, and doing it.

A line is done whole or not at all; a wrong one keeps nobody else back.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.companies import years
from app.companies.founding import Described, Faulty, described, found
from app.companies.managers import Manager, checked_in_firm
from app.companies.models import Company
from app.companies.sirens import siren_from
from app.companies.slugs import free_slug, look_of, looks_taken
from app.companies.templates import everything
from app.connectors.csv_reading import Told, folded, read_table
from app.db import db
from app.errors import Refused
from app.firms.models import Firm
from app.formats import csv_text, today
from app.people.inviting import invite
from app.people.models import Person
from app.texts import gettext as _

MOST_LINES = 500  # so that a file is one request's work
HEADER = (
    *("nom", "siren", "slug", "début exercice", "fin exercice"),
    *("dirigeant", "e-mail", "inviter", "modèle"),
)
FIELDS = (
    *("name", "siren", "slug", "year_start", "year_end"),
    *("manager_name", "manager_email", "invite", "template"),
)
COLUMNS = {
    **{folded(name): field for name, field in zip(HEADER, FIELDS, strict=True)},
    **{"entreprise": "name", "societe": "name", "raison sociale": "name"},
    **{"name": "name", "company": "name", "siret": "siren"},
    **{"debut": "year_start", "debut_exercice": "year_start"},
    **{"fin": "year_end", "fin_exercice": "year_end"},
    **{"email": "manager_email", "courriel": "manager_email"},
    **{"adresse e-mail": "manager_email", "invitation": "invite"},
}
YES = {"oui", "o", "yes", "y", "x", "1", "vrai", "true"}
DAY_ZERO, SERIAL = date(1899, 12, 30), 5  # of spreadsheets; its figures since 1927
NO = {"non", "n", "no", "0", "faux", "false"}


@dataclass(frozen=True)
class Line:
    """One line of the file and what comes of it; `why` says it for an error."""

    number: int
    cells: dict[str, str]
    verdict: str  # new, there, error; done afterwards
    wanted: Described | None = None
    company: Company | None = None
    why: str = ""

    @property
    def name(self) -> str:
        return self.cells.get("name", "")

    @property
    def manager(self) -> Manager | None:
        return self.wanted.manager if self.wanted else None


def plan(raw: bytes, firm: Firm) -> list[Line]:
    """Raises Refused, at the field `file`, when the file as a whole cannot be taken."""
    table = read_table(raw, COLUMNS, lambda columns: "name" in columns, MOST_LINES)
    known = Known(firm)
    lines = [known.line(told) for told in table.lines]
    same, alike = (
        _("The same as line %(line)s."),
        _("Its short name is that of line %(line)s, or looks like it."),
    )
    for key, why in ((_siren, same), (_slug, alike), (_name_alone, same)):
        lines = _once(lines, key, why)
    return lines


def counts(lines: list[Line]) -> Counter[str]:
    return Counter(line.verdict for line in lines)


def apply(lines: list[Line], firm: Firm, *, by: Person) -> list[Line]:
    """The lines with what became of them; the caller commits. Those that ask for a slug
    come first: what is made from a name goes round it."""
    new = (line for line in lines if line.verdict == "new")
    asking_first = sorted(new, key=lambda line: not _slug(line))
    looks = looks_taken(firm)
    done = {line.number: _done(line, firm, looks, by) for line in asking_first}
    became = [done.get(line.number, line) for line in lines]
    _invite(became, firm, by)
    return became


def model() -> bytes:
    """A file to fill in, with a line as an example."""
    year = today().year
    example = ("Exemple SARL", "732 829 320", "", f"01/01/{year}", f"31/12/{year}")
    return csv_text([HEADER, (*example, "Jeanne Exemple", "jeanne@exemple.fr", "oui")])


def errors(lines: list[Line]) -> bytes:
    """The wrong lines as they were, with why: to be corrected and imported."""
    wrong = [line for line in lines if line.verdict == "error"]
    rows = [
        (str(line.number), *(line.cells.get(f, "") for f in FIELDS), line.why)
        for line in wrong
    ]
    return csv_text([("ligne", *HEADER, "motif"), *rows])


class Known:
    """What the firm has already."""

    def __init__(self, firm: Firm) -> None:
        self.firm = firm
        companies = db.session.scalars(
            select(Company).where(Company.firm_id == firm.id)
        ).all()
        self.sirens = {c.siren: c for c in companies if c.siren}
        self.names = {folded(c.name): c for c in companies}
        self.templates = {folded(t.name): str(t.id) for t in everything()}

    def line(self, told: Told) -> Line:
        line = Line(told.number, told.cells, "error")
        try:
            if told.is_too_long:
                raise Refused(_("This line has more cells than the header."))
            if company := self._there(told.cells):
                return replace(line, verdict="there", company=company)
            wanted = described(self.firm, self._typed(told.cells))
        except Faulty as faulty:
            return replace(line, why=" ".join(faulty.errors.values()))
        except Refused as refusal:
            return replace(line, why=refusal.message)
        return replace(line, verdict="new", wanted=wanted)

    def _there(self, cells: dict[str, str]) -> Company | None:
        """By its SIREN; where one has none, by its name."""
        siren = siren_from(cells.get("siren", ""))
        if siren in self.sirens:
            return self.sirens[siren]
        named = self.names.get(folded(cells.get("name", "")))
        return named if named and not (siren and named.siren) else None

    def _typed(self, cells: dict[str, str]) -> dict[str, str]:
        typed = {**cells, "template": self._template(cells.get("template", ""))}
        for field in (years.STARTS, years.ENDS):
            typed[field] = _day(typed.get(field, ""))
        if not (typed[years.STARTS] or typed[years.ENDS]):
            typed[years.STARTS] = f"{today().year}-01-01"
        invite = folded(typed.get("invite", "")) or "oui"
        if invite not in YES | NO:
            raise Refused(_("“inviter” is “oui” or “non”."))
        typed["invite"] = "yes" if invite in YES else ""
        return typed

    def _template(self, name: str) -> str:
        if not name:
            return ""
        if folded(name) not in self.templates:
            raise Refused(_("There is no template “%(name)s”.", name=name))
        return self.templates[folded(name)]


def _day(cell: str) -> str:
    """A spreadsheet shows a day that lost its format as a number, of days."""
    if len(cell) == SERIAL and cell.isdecimal():
        return (DAY_ZERO + timedelta(days=int(cell))).isoformat()
    return cell


def _done(line: Line, firm: Firm, looks: set[str], by: Person) -> Line:
    """`looks`: of the slugs that are taken; that of the new company is added."""
    if line.wanted is None:
        return line
    slug = line.wanted.slug or free_slug(firm, line.wanted.name, looks)
    try:
        with db.session.begin_nested():
            company = found(firm, replace(line.wanted, slug=slug, invites=False), by=by)
    except Refused as refusal:
        return replace(line, verdict="error", why=refusal.message)
    except IntegrityError:
        why = _("Somebody was quicker: it is there now, or its address is taken.")
        return replace(line, verdict="error", why=why)
    looks.add(look_of(slug))
    return replace(line, verdict="done", company=company)


def _invite(lines: list[Line], firm: Firm, by: Person) -> None:
    """One letter to each manager, for all companies that are theirs."""
    invited: dict[str, tuple[Manager, list[Company]]] = {}
    for line in lines:
        if line.verdict != "done" or not (line.wanted and line.wanted.invites):
            continue
        if line.manager and line.company:
            theirs = invited.setdefault(line.manager.email, (line.manager, []))
            theirs[1].append(line.company)
    for manager, companies in invited.values():
        if person := checked_in_firm(firm.id, manager):
            invite(person, *companies, by=by)


def _once(lines: list[Line], key: Callable[[Line], str], why: str) -> list[Line]:
    """Of lines that speak of the same, the first one counts."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        if line.verdict == "new" and (said := key(line)):
            numbers[said].append(line.number)
    return [
        replace(
            line,
            verdict="error",
            why=why % {"line": numbers[key(line)][0]},
        )
        if line.verdict == "new" and line.number in numbers[key(line)][1:]
        else line
        for line in lines
    ]


def _siren(line: Line) -> str:
    return (line.wanted.siren if line.wanted else None) or ""


def _slug(line: Line) -> str:
    """How the one looks that it asks for."""
    return look_of((line.wanted.slug if line.wanted else None) or "")


def _name_alone(line: Line) -> str:
    return "" if _siren(line) else folded(line.name)
