"""The files that an import gives: the one to fill in, and what is wrong with one."""

from collections.abc import Sequence

from app.connectors import importing
from app.connectors.catalogue import PartnerApp
from app.connectors.import_lines import Plan
from app.formats import csv_text
from app.people.models import Person

# As `csv_reading` knows them, whatever the language of the person.
ADDRESS = "adresse"
SLOT = "famille"
NAMES = ("slug", "entreprise")


def model(app: PartnerApp, *, by: Person) -> bytes:
    """The companies that the person sees, with their present addresses."""
    connections = importing.connections_of(app)
    rows = [_header(app)]
    for company in importing.visible(by):
        connection = connections.get(company.id)
        for slot in app.slots:
            known = connection.destination_for(slot.key) if connection else None
            address = known.address if known else ""
            rows.append(_cells(app, (company.slug, company.name), slot.name, address))
    return csv_text(rows)


def errors(plan: Plan, app: PartnerApp) -> bytes:
    """The wrong lines as they were, with why: to be corrected and imported."""
    rows = [("ligne", *_header(app), "siren", "motif")]
    for line in plan.errors:
        row = line.row
        cells = _cells(app, (row.slug, row.name), row.slot, row.address)
        rows.append((str(row.line), *cells, row.siren, line.why))
    return csv_text(rows)


def _header(app: PartnerApp) -> Sequence[str]:
    return _cells(app, NAMES, SLOT, ADDRESS)


def _cells(
    app: PartnerApp, names: Sequence[str], slot: str, address: str
) -> Sequence[str]:
    """With a column for the slot where there are several."""
    return (*names, *((slot,) if len(app.slots) > 1 else ()), address)
