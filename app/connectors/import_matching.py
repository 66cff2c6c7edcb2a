"""Which company and which slot a line of a file means, among those a person sees."""

from collections import defaultdict
from collections.abc import Iterable

from app.companies.models import Company
from app.connectors.catalogue import PartnerApp, Slot
from app.connectors.csv_reading import Row, folded
from app.errors import Refused
from app.texts import gettext as _


class Directory:
    """The companies by slug, SIREN and name."""

    def __init__(self, companies: Iterable[Company]) -> None:
        self.slugs: dict[str, set[Company]] = defaultdict(set)
        self.sirens: dict[str, set[Company]] = defaultdict(set)
        self.names: dict[str, set[Company]] = defaultdict(set)
        for company in companies:
            self.slugs[company.slug].add(company)
            self.names[folded(company.name)].add(company)
            if company.siren:
                self.sirens[company.siren].add(company)

    def company(self, row: Row) -> Company:
        """Raises Refused when there is none, or more than one.

        Cells that speak of two companies are a sheet that was sorted badly.
        """
        by_key = self._by_slug(row.slug) | self._by_siren(row.siren)
        by_name = self._by_any(row.name)
        found = by_key & by_name or by_key | by_name
        if len(found) == 1:
            return found.pop()
        if found:
            raise Refused(
                _("Several companies are meant: give the slug or the SIREN of one.")
            )
        raise Refused(
            _("None of your companies is called so.")
            if row.company
            else _("The company is missing.")
        )

    def _by_slug(self, text: str) -> set[Company]:
        return self.slugs.get(text.lower(), set())

    def _by_siren(self, text: str) -> set[Company]:
        return self.sirens.get("".join(text.split()), set())

    def _by_any(self, text: str) -> set[Company]:
        """A column «entreprise» may hold a name, a slug or a SIREN."""
        named = self.names.get(folded(text), set())
        return named | self._by_slug(text) | self._by_siren(text)


class Slots:
    """The addresses of a tool, by key and by name."""

    def __init__(self, app: PartnerApp) -> None:
        self.only = app.slots[0] if len(app.slots) == 1 else None
        self.names = ", ".join(slot.name for slot in app.slots)
        self.known = {folded(slot.key): slot for slot in app.slots}
        self.known |= {folded(slot.name): slot for slot in app.slots}

    def slot(self, row: Row) -> Slot:
        """Raises Refused when the tool has no such address."""
        slot = self.known.get(folded(row.slot)) if row.slot else self.only
        if slot is None:
            raise Refused(
                _("The column “famille” must be one of: %(names)s.", names=self.names)
            )
        return slot
