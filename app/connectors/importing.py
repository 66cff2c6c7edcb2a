"""What a file of addresses would change, line by line, before anything is written.

Everything is looked up at once: a line costs no query.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app.companies.models import Company
from app.connectors import csv_reading
from app.connectors.catalogue import PartnerApp
from app.connectors.csv_reading import Row
from app.connectors.destinations import checked_address, own_domains, strange_domain
from app.connectors.import_lines import Line, Plan
from app.connectors.import_matching import Directory, Slots
from app.connectors.models import Connection, Destination
from app.db import db
from app.errors import Refused
from app.people.models import Person
from app.texts import gettext as _

SHOWN = 3  # lines or companies that a sentence names


def plan(raw: bytes, app: PartnerApp, *, by: Person) -> Plan:
    """Raises Refused, at the field `file`, when the file as a whole cannot be taken."""
    sheet = csv_reading.read(raw)
    known = Known(app, by)
    if known.slots.only is None and not sheet.has_slots:
        told = {"app": app.name, "names": known.slots.names}
        raise Refused(
            _(
                "%(app)s has several addresses: a column “famille” must say which "
                "one (%(names)s).",
                **told,
            ),
            "file",
        )
    lines = [known.line(row) for row in sheet.rows]
    lines = _in_groups(lines, lambda line: line.place, _settled)
    return Plan(_in_groups(lines, lambda line: line.after.lower(), _doubted))


class Known:
    """The companies that the person sees, and the addresses of the whole firm."""

    def __init__(self, app: PartnerApp, by: Person) -> None:
        companies = visible(by)
        self.names = {company.id: company.name for company in companies}
        self.directory = Directory(companies)
        self.slots = Slots(app)
        self.connections = connections_of(app)
        self.ours = own_domains()
        self.users = _users_of_addresses(by)

    def line(self, row: Row) -> Line:
        line = Line(row, "error", after=row.address)
        try:
            line = replace(line, company=self.directory.company(row))
            line = replace(line, slot=self.slots.slot(row))
            line = replace(line, before=self._before(line))
            if row.is_too_long:
                raise Refused(_("This line has more cells than the header."))
            if not row.address:
                return replace(line, verdict="empty")
            after = checked_address(row.address, self.ours)
        except Refused as refusal:
            return replace(line, why=refusal.message)
        return self._judged(replace(line, after=after))

    def _connection(self, line: Line) -> Connection | None:
        return self.connections.get(line.company.id) if line.company else None

    def _before(self, line: Line) -> str | None:
        connection = self._connection(line)
        if connection is None or line.slot is None:
            return None
        known = connection.destination_for(line.slot.key)
        return known.address if known else None

    def _judged(self, line: Line) -> Line:
        connection = self._connection(line)
        is_revoked = connection is not None and not connection.is_authorised
        if line.before == line.after and not is_revoked:
            return replace(line, verdict="unchanged")
        doubts = self._doubts(line)
        if is_revoked:
            doubts.append(_("Its access was revoked: the import authorises it again."))
        verdict = "new" if line.before is None else "changed"
        return replace(line, verdict=verdict, doubts=tuple(doubts))

    def _doubts(self, line: Line) -> list[str]:
        if line.company is None or line.slot is None:
            return []
        others = self.users.get(line.after.lower(), set()) - {line.company.id}
        names = {self.names.get(other) or _("Another company") for other in others}
        return [
            *strange_domain(line.slot, line.after),
            *(
                _("%(company)s has the same address.", company=name)
                for name in sorted(names)[:SHOWN]
            ),
        ]


def visible(by: Person) -> list[Company]:
    wanted = Company.visible_to(by).where(Company.archived_at.is_(None))
    return list(db.session.scalars(wanted.order_by(Company.name, Company.id)))


def connections_of(app: PartnerApp) -> dict[uuid.UUID, Connection]:
    """Those of the firm, by company, with their addresses."""
    found = db.session.scalars(
        select(Connection)
        .options(selectinload(Connection.destinations))
        .where(Connection.app_key == app.key)
        # The plan is made again under the locks: what was read before may be old.
        .execution_options(populate_existing=True)
    )
    return {connection.company_id: connection for connection in found}


def _users_of_addresses(by: Person) -> dict[str, set[uuid.UUID]]:
    """Which companies of the firm have each address, whatever the tool."""
    found = db.session.execute(
        select(func.lower(Destination.address), Connection.company_id)
        .join(Connection, Connection.id == Destination.connection_id)
        .where(Connection.firm_id == by.firm_id)
    )
    users: dict[str, set[uuid.UUID]] = defaultdict(set)
    for address, company_id in found:
        users[address].add(company_id)
    return users


def _in_groups(
    lines: list[Line],
    key: Callable[[Line], Hashable],
    judge: Callable[[list[Line]], list[Line]],
) -> list[Line]:
    """The lines in their order, those with an address judged with all of their key."""
    groups: dict[Hashable, list[Line]] = defaultdict(list)
    for line in lines:
        if line.verdict not in {"error", "empty"}:
            groups[key(line)].append(line)
    judged = [line for group in groups.values() for line in judge(group)]
    by_number = {line.row.line: line for line in judged}
    return [by_number.get(line.row.line, line) for line in lines]


def _settled(same: list[Line]) -> list[Line]:
    """Two addresses for one place: neither is known to be right."""
    if len({line.after for line in same}) == 1:
        first, *others = same
        return [first, *(replace(o, verdict="unchanged", doubts=()) for o in others)]
    numbers = ", ".join(str(line.row.line) for line in same[:SHOWN])
    why = _("The file gives it several addresses (lines %(lines)s).", lines=numbers)
    return [replace(line, verdict="error", why=why, doubts=()) for line in same]


def _doubted(same: list[Line]) -> list[Line]:
    """One address for two companies in the file itself."""
    if len({line.place and line.place[0] for line in same}) == 1:
        return same
    numbers = ", ".join(str(line.row.line) for line in same[:SHOWN])
    doubt = _(
        "The file gives it to several companies (lines %(lines)s).", lines=numbers
    )
    return [
        replace(line, doubts=(*line.doubts, doubt)) if line.is_written else line
        for line in same
    ]
