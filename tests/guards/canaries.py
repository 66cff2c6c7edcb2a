"""A world in which every text that only the firm may read holds a canary, and a company
is connected to every application there is; and what would betray each of these."""

import re
from datetime import date
from typing import Any

import sqlalchemy as sa

from app.activity.models import Entry
from app.activity.recording import record
from app.collection import models as collection_models
from app.collection.models import (
    AcceptedSender,
    CollectionAddress,
    InboundMail,
    InboundPart,
    MailFamily,
    WatchedMailbox,
)
from app.companies.models import TreeTemplate
from app.connectors import apps, catalogue, models as connector_models
from app.connectors.catalogue import PartnerApp
from app.connectors.models import (
    Connection,
    DemoRequest,
    OwnApp,
    StepDone,
    TestMail,
    VendorContact,
)
from app.db import Base, db, new_id
from app.delivery import models as delivery_models
from app.delivery.models import (
    STATES,
    Attempt,
    Audit,
    Delivery,
    MailEvent,
    MailMinute,
    Outage,
    Tick,
    Trouble,
)
from app.library.commenting import comment
from app.library.models import Folder, Version
from app.library.receiving import receive
from app.library.template_nodes import STANDARD, written
from app.mailroom import models as mailroom_models
from app.mailroom.models import BotMail
from app.notices import models as notice_models
from app.notices.models import Notice, NoticeSetting
from app.pages import making
from tests.cast import House, World

OWN = "own-canari"
FIRM_ONLY = (
    *(collection_models, connector_models, delivery_models, mailroom_models),
    notice_models,
)
# They say which way things go: another value would make another world.
STEERING = {
    *("app_key", "key", "slot", "state", "kind", "step", "phase", "tone", "monogram"),
    *("refused_side", "storage_key", "sha256", "recipient", "reply_to", "from_address"),
    *("deposits", "door", "family", "folder_kind", "outcome", "policy", "prefix"),
    *("body_sha256", "content_type"),
    # These hold words of their own that are looked for.
    *("bot_prefix", "bot_address", "address", "name", "usual_domain"),
}
# Words of everyday French: a connector that is called so is known by the rest of it.
ORDINARY = {"email", "e-mail", "documents"}

WORDS = re.compile(
    r"quickbooks|qbodocs|dext\b|hatch|\bcab-|connect(?:eur|or|ion)\b|"
    r"\bautomates?\b|automaton|\btick\b|deliver|message-id|"
    r"(?:cabinet|block|apps|overview|desk)\.(?:css|js)|"
    r"\b(?:bounced|deferred|in_doubt)\b|"
    r"prochain passage|à transmettre|nouvel essai|en attente|à vérifier|envoi…|"
    r"(?<!\.)guichet(?!\.test)|@tool\.test|canary|canari",
    re.IGNORECASE,
)


def everything(house: House) -> dict[str, PartnerApp]:
    """Every application of the catalogue, and one of the firm's own."""
    return {**catalogue.everything(), OWN: apps.get(OWN)}


def signs(app: PartnerApp, connection: Connection) -> dict[str, re.Pattern[str]]:
    """What would betray the application: what it is called, and how to find that."""
    words = {
        *(app.key, app.name, app.short_name),
        *(slot.usual_domain for slot in app.slots),
        *(destination.address for destination in connection.destinations),
        connection.bot_address,
    } - {""}
    found = {
        word: re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
        for word in words
        if word.lower() not in ORDINARY
    }
    found["prefix"] = re.compile(rf"{re.escape(app.bot_prefix)}[+.-][\w-]+@")
    found["tile"] = re.compile(
        rf'class="tile[^"]*"[^>]*>\s*{re.escape(app.monogram)}\s*<|'
        rf'class="tile tile-{re.escape(app.tone)}\b'
    )
    return found


def fill(world: World) -> None:
    """Connect, deposit, and let a canary sit in each text of the firm's."""
    house = world.alder
    _prune(house)
    _own_app(house)
    for key in everything(house):
        house.connect(key)
    house.connect("quickbooks", house.elm)
    world.birch.connect("quickbooks")
    quickbooks = house.connect("quickbooks")
    house.switch("on", connection=quickbooks)
    for state in STATES:
        [delivery] = house.drop(f"Facture {STATES.index(state)}.pdf").deliveries
        delivery.state = state
    _one_of_each(house, quickbooks)
    db.session.commit()
    _put_canaries()
    db.session.commit()
    _make_pictures()


def _make_pictures() -> None:
    """Of the pages, so that they are read too."""
    for version_id in db.session.scalars(sa.select(Version.id)).all():
        while making.make_some(version_id) is not None:
            pass


def _prune(house: House) -> None:
    """Most months are one like the other: one of each is walked through."""
    year = sa.select(Folder.id).where(Folder.kind == "fiscal_year")
    kept = sa.select(Folder.id).where(Folder.parent_id.in_(year))
    months = sa.select(Folder.id).where(
        Folder.company_id.in_([house.dune.id, house.elm.id]),
        Folder.parent_id.in_(kept),
        Folder.position > 0,
    )
    db.session.execute(sa.delete(Folder).where(Folder.id.in_(months)))


def _own_app(house: House) -> None:
    own = OwnApp(firm_id=house.firm.id, key=OWN, name="Canaripaie", monogram="cp")
    own.tone, own.bot_prefix, own.usual_domain = "canari", "canaripaie", "canari.test"
    own.content_types, own.max_file_bytes = [], 5_000_000
    db.session.add(own)
    db.session.flush()


def _one_of_each(house: House, connection: Connection) -> None:
    firm_id, sent = house.firm.id, house.drop("Envoyée.pdf").deliveries[0]
    letter = receive([b"Subject: canary\r\n\r\ncanary"], "courrier.eml").stored
    of_it: dict[str, Any] = {"firm_id": firm_id, "connection_id": connection.id}
    db.session.add_all(
        [
            StepDone(**of_it, step="bot"),
            TreeTemplate(
                firm_id=firm_id,
                name="canary",
                is_default=True,
                content=written(STANDARD),
            ),
            TestMail(
                **of_it, slot="purchases", sender="", destination="", message_id="1"
            ),
            DemoRequest(firm_id=firm_id, app_key="dext", asked_on=date(2026, 11, 4)),
            VendorContact(app_key="dext", email="canary@vendor.test"),
            Attempt(
                firm_id=firm_id, delivery_id=sent.id, token=1, owner="", phase="dot"
            ),
            Tick(slot=sent.created_at, worker=""),
            MailEvent(provider="postmark", event_id="1", kind="bounced", raw="{}"),
            MailMinute(minute=sent.created_at),
            Outage(said=""),
            Trouble(address="in@tool.test"),
            Audit(found=1),
            Notice(
                firm_id=firm_id,
                kind="destination_changed",
                recipient=house.admin.email,
                subject="",
                text="",
            ),
            NoticeSetting(
                firm_id=firm_id,
                person_id=house.admin.id,
                company_id=house.dune.id,
                deposits="never",
            ),
            BotMail(
                firm_id=firm_id,
                app_key="quickbooks",
                bot_address=connection.bot_address,
                company_id=house.dune.id,
                connection_id=connection.id,
                delivery_id=sent.id,
                kind="bounce",
                from_address="canary@tool.test",
                links=[{"url": "https://canary.test", "host": "canary", "text": "x"}],
                storage_key=letter.key,
                sha256=letter.sha256,
                size=letter.size,
            ),
        ]
    )
    _mail_that_came(house, sent)
    house.drop("Elm.pdf", company=house.elm)
    # Among what clients read: what is the firm's alone in a table that they share.
    comment(sent.document, "canary", "firm_only", by=house.staff)
    comment(sent.document, "Merci.", "shared", by=house.staff)
    record(
        "transmitted",
        firm_id=firm_id,
        company_id=house.dune.id,
        document_id=sent.document_id,
        firm_only=True,
        destination="canary@tool.test",
    )


def _mail_that_came(house: House, sent: Delivery) -> None:
    """To an address of the company, whose document is one of its."""
    of_it: dict[str, Any] = {"firm_id": house.firm.id, "company_id": house.dune.id}
    letter = receive([b"Subject: canary\r\n\r\ncanary"], "dépôt.eml").stored
    address = CollectionAddress(**of_it, address="compta+dune@x.test", family="compta")
    mail = InboundMail(
        **of_it,
        id=new_id(),
        door="smtp",
        recipient=address.address,
        storage_key=letter.key,
        sha256=letter.sha256,
        body_sha256=letter.sha256,
        size=letter.size,
        state="quarantined",
        reason="unknown_sender",
    )
    db.session.add_all([address, mail])
    db.session.flush()
    db.session.add_all(
        [
            MailFamily(
                firm_id=house.firm.id, prefix="compta", name="", folder_kind="purchases"
            ),
            AcceptedSender(**of_it, pattern="canary@x.test"),
            WatchedMailbox(name="canary", uid_validity=1),
            InboundPart(
                firm_id=house.firm.id,
                mail_id=mail.id,
                number=1,
                name="",
                content_type="application/pdf",
                size=1,
                sha256=letter.sha256,
                outcome="filed",
                document_id=sent.document_id,
            ),
        ]
    )


def one_of(table_name: str) -> list[str]:
    """The id of one row of the table, in a list; an empty one when there is none."""
    [key, *_more] = Base.metadata.tables[table_name].primary_key.columns
    found = db.session.execute(sa.select(key).order_by(key).limit(1))
    return [str(row_id) for row_id in found.scalars()]


def one_of_each() -> list[str]:
    """The id of one row of every table that only the firm may read."""
    return [id for table in _firm_tables() for id in one_of(table.name)]


def _firm_tables() -> list[sa.Table]:
    modules = {module.__name__ for module in FIRM_ONLY}
    classes = [mapper.class_ for mapper in Base.registry.mappers]
    return [c.__table__ for c in classes if c.__module__ in modules]


def _put_canaries() -> None:
    """Into each text column of each table that only the firm may read."""
    for table in _firm_tables():
        _fill_table(table)
    db.session.execute(
        sa.update(Entry)
        .where(Entry.is_firm_only)
        .values(details={"canary": "canary", "destination": "canary@tool.test"})
    )


def _fill_table(table: sa.Table) -> None:
    texts = [column for column in table.columns if _takes_a_canary(column)]
    key = table.primary_key.columns
    rows = db.session.execute(sa.select(*key)).all()
    assert rows, f"no row in {table.name}: make one in _one_of_each"
    for number, row in enumerate(rows) if texts else ():
        text = f"canary{number}@tool.test"
        here = [column == value for column, value in zip(key, row, strict=True)]
        values = {column.name: text[: _room(column)] for column in texts}
        db.session.execute(sa.update(table).where(*here).values(values))


def _room(column: sa.Column[Any]) -> int:
    return getattr(column.type, "length", None) or 255


def _takes_a_canary(column: sa.Column[Any]) -> bool:
    return (
        isinstance(column.type, sa.String)
        and _room(column) >= len("canary00")
        and not column.primary_key
        and not column.foreign_keys
        and column.name not in STEERING
    )
