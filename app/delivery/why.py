"""«Pourquoi ?»: for a document and each connected tool, why it left, leaves or stays,
and the one action that changes it.

One sentence, from what is recorded; nothing is guessed from times but the words.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.connectors import apps
from app.connectors.models import Connection
from app.db import db
from app.delivery import actions
from app.delivery.actions import Action
from app.delivery.explaining import Explained, explained, where_it_is
from app.delivery.models import DONE, Delivery
from app.delivery.never_due import why_not_due
from app.delivery.planning import Effective, effective_switches
from app.delivery.proof import Offer
from app.delivery.repeats import is_no_needless_one
from app.library.models import Arrival, Document, Folder, Version
from app.library.taking import current_version
from app.texts import gettext as _


@dataclass(frozen=True)
class _Asked:
    document: Document
    connection: Connection
    slot: str
    label: str

    def send(self) -> Action | None:
        """By hand; first the connection has to be open. None of what the firm refused:
        that has to be taken back first."""
        if self.document.is_kept_back:
            return None
        if not self.connection.is_authorised:
            return actions.open_panel(self.connection, _("Authorise again"))
        label = _("Send to %(app)s", app=self.label)
        return actions.send(self.document, self.connection, self.slot, label)


@dataclass(frozen=True)
class Because:
    """What holds for one slot of one connection."""

    connection: Connection
    slot: str
    label: str  # of the application, with its slot
    # of the delivery, changed_since, or one of never_due.STATES
    state: str
    text: str
    action: Action | None


def why(document: Document) -> list[Because]:
    """One for each connected tool; for each of its slots that has to do with it."""
    version = current_version(document)
    settings = {
        (s.connection_id, s.slot): s for s in effective_switches(document.folder_id)
    }
    newest = _newest(document)
    connections = db.session.scalars(
        select(Connection)
        .options(selectinload(Connection.destinations), joinedload(Connection.company))
        .where(Connection.company_id == document.company_id)
        .order_by(Connection.authorised_at)
    )
    found = []
    for connection in connections:
        app = apps.find(connection.app_key)
        if app is None:
            continue
        concerned = [
            slot
            for slot in app.slots
            if (connection.id, slot.key) in newest
            or _is_on(settings.get((connection.id, slot.key)))
        ]
        if not connection.is_authorised and not concerned:
            continue
        for slot in concerned or app.slots[:1]:
            key = (connection.id, slot.key)
            ask = _Asked(document, connection, slot.key, app.label(slot))
            state, said = _because(ask, version, newest.get(key), settings.get(key))
            found.append(
                Because(
                    *(connection, slot.key, ask.label, state), said.text, said.action
                )
            )
    return found


def _is_on(setting: Effective | None) -> bool:
    return setting is not None and setting.is_on


def _newest(document: Document) -> dict[tuple[uuid.UUID, str], Delivery]:
    found = db.session.scalars(
        select(Delivery)
        .where(Delivery.document_id == document.id, is_no_needless_one())
        .order_by(Delivery.id)
    )
    return {(row.connection_id, row.slot): row for row in found}


def _because(
    ask: _Asked,
    version: Version,
    delivery: Delivery | None,
    setting: Effective | None,
) -> tuple[str, Explained]:
    company = ask.connection.company
    if delivery is None:
        state, means = _never_due(ask, setting)
        return state, where_it_is(company, means)
    if delivery.state in DONE and _is_another(version, delivery):
        text = _("Changed since it was sent: the new version leaves by hand only.")
        return "changed_since", where_it_is(company, Explained(text, ask.send()))
    return delivery.state, explained(delivery)


def _is_another(version: Version, delivery: Delivery) -> bool:
    """Than what was sent: pages that were only turned since are the same ones."""
    if version.id == delivery.version_id:
        return False
    sent = select(Version.number).where(Version.id == delivery.version_id)
    newer = (
        select(Arrival.id)
        .join(Version, Version.id == Arrival.version_id)
        .where(
            Version.document_id == version.document_id,
            Version.number > sent.scalar_subquery(),
            Arrival.kind == "replace",
        )
    )
    return db.session.scalar(newer.limit(1)) is not None


def _never_due(ask: _Asked, setting: Effective | None) -> tuple[str, Explained]:
    if setting is None:
        text = _("No folder above it is switched on for this tool.")
        return "not_switched", Explained(text, _open_switch(ask, None))
    at = db.session.get_one(Folder, setting.at_folder_id)
    if not setting.is_on:
        text = _("The folder “%(folder)s” is off.", folder=at.name)
        return "switched_off", Explained(text, _open_switch(ask, at))
    state, text = why_not_due(ask.document, setting, at)
    return state, Explained(text, ask.send())


def _open_switch(ask: _Asked, folder: Folder | None) -> Action:
    """In the folder that decides, or in the document's own."""
    if not ask.connection.is_authorised:
        return actions.open_panel(ask.connection, _("Authorise again"))
    folder_id = folder.id if folder else ask.document.folder_id
    slug = ask.connection.company.slug
    return actions.open_folder(slug, folder_id, _("Open the switch"))


def other_offers(offers: list[Offer], reasons: list[Because]) -> list[Offer]:
    """Those that no reason has a button for already."""
    shown = {
        (because.connection.id, because.slot)
        for because in reasons
        if because.action and because.action.method == "post"
    }
    return [o for o in offers if (o.connection.id, o.slot) not in shown]
