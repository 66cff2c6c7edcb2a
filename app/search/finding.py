"""Documents and folders by their words, among those that the person may see."""

from datetime import UTC, date, datetime, time, timedelta

from flask_babel import to_utc
from flask_login import current_user
from sqlalchemy import ColumnElement, Select, and_, false, func, literal, select, true

from app.companies.models import Company
from app.connectors.reach import subtree
from app.db import db
from app.delivery.journal_filters import GROUPS
from app.delivery.models import Delivery
from app.folding import folded, folded_column
from app.library.models import STATUSES, Document, Folder
from app.search.asking import Asked
from app.search.models import VECTOR, SearchEntry
from app.search.rights import Realm

COUNTED = 1000  # beyond, «1 000+»


def found(asked: Asked, realm: Realm) -> Select[Document]:
    """In no order."""
    return (
        select(Document)
        .join(SearchEntry, SearchEntry.document_id == Document.id)
        .where(
            Document.trashed_at.is_(None),
            realm.documents(),
            _matching(asked, realm),
            *_narrowed(asked),
        )
    )


def page(asked: Asked, realm: Realm, rows: int) -> list[Document]:
    """The newest first, from behind `asked.after`."""
    wanted = found(asked, realm)
    if asked.after:
        wanted = wanted.where(SearchEntry.document_id < asked.after)
    wanted = wanted.order_by(SearchEntry.document_id.desc()).limit(rows)
    return list(db.session.scalars(wanted))


def count(asked: Asked, realm: Realm) -> int:
    """How many there are, of COUNTED and one at most."""
    some = found(asked, realm).limit(COUNTED + 1)
    some = some.with_only_columns(Document.id, maintain_column_froms=True)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _matching(asked: Asked, realm: Realm) -> ColumnElement[bool]:
    """Every word begins one of the document's; where nothing was typed, all match."""
    if not asked.q:
        return true()
    if not asked.words or not realm.scopes:
        return false()
    if db.session.get_bind().dialect.name == "sqlite":
        return and_(*_begin_words(literal(" ") + SearchEntry.body, asked.words))
    # Quoted, and of letters and digits alone (`words`): nothing in it is an operator.
    starts = [f"'{word}':*" for word in asked.words]
    query = " & ".join([f"({' | '.join(realm.scopes)})", *starts])
    return VECTOR.op("@@", is_comparison=True)(func.to_tsquery("simple", query))


def _begin_words(
    text: ColumnElement[str], words: list[str]
) -> list[ColumnElement[bool]]:
    """The text has a space before each of its words."""
    return [text.contains(f" {word}", autoescape=True) for word in words]


def folders(asked: Asked, realm: Realm, most: int) -> list[Folder]:
    """By their names, those highest in the tree first."""
    if not asked.words:
        return []
    name = folded_column(Folder.name)
    return list(
        db.session.scalars(
            select(Folder)
            .where(
                Folder.trashed_at.is_(None),
                realm.folders(),
                *(name.contains(word, autoescape=True) for word in asked.words),
            )
            .order_by(Folder.id.desc())
            .limit(most)
        )
    )


def companies(asked: Asked, most: int) -> list[Company]:
    """By their names, among all that the person may enter."""
    if not asked.words:
        return []
    name = folded_column(Company.name)
    found = Company.visible_to(current_user).where(
        *(name.contains(word, autoescape=True) for word in asked.words)
    )
    return list(db.session.scalars(found.order_by(Company.name).limit(most)))


def _narrowed(asked: Asked) -> list[ColumnElement[bool]]:
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
