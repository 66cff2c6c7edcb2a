"""What else was asked for besides words: where, when, by whom, in which state."""

from datetime import UTC, date, datetime, time, timedelta

from flask_babel import to_utc
from sqlalchemy import ColumnElement, select

from app.connectors.reach import subtree
from app.delivery.journal_filters import GROUPS
from app.delivery.models import Delivery
from app.folding import folded, folded_column
from app.library.models import STATUSES, Document
from app.search.asking import Asked


def narrowed(asked: Asked) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.folder:
        inside = select(subtree(asked.folder).c.id)
        wanted.append(Document.folder_id.in_(inside))
    if asked.since:
        wanted.append(Document.arrived_at >= _begin(asked.since))
    if asked.until:
        wanted.append(Document.arrived_at < _begin(asked.until + timedelta(days=1)))
    if asked.by:
        name = folded_column(Document.depositor_name)
        wanted.append(name.contains(folded(asked.by), autoescape=True))
    if asked.status in STATUSES:
        wanted.append(Document.status == asked.status)
    elif asked.status:
        states = GROUPS[asked.status.removeprefix("to-")]
        wanted.append(
            select(Delivery.id)
            .where(Delivery.document_id == Document.id, Delivery.state.in_(states))
            .exists()
        )
    return wanted


def _begin(day: date) -> datetime:
    """When the local day begins, in UTC."""
    began: datetime = to_utc(datetime.combine(day, time()))
    return began.replace(tzinfo=UTC)
