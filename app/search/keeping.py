"""What documents are found by is kept as they change, in the same transaction.

It hangs on the session's flush, below every act: one that makes or renames a document
cannot forget it. Where a document lies, and whether it is in the trash, is asked of the
document itself when somebody searches.
"""

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.unitofwork import UOWTransaction

from app.db import db
from app.library.models import Comment, Document
from app.queueing import enqueue
from app.search import ocr, reading
from app.search.indexing import write
from app.search.models import SearchEntry

# A document with other values of these is found by other words.
WATCHED = ("name", "sha256", "description", "piece_number")


@event.listens_for(db.session, "after_flush")
def _keep_up(session: Session, _context: UOWTransaction) -> None:
    for row in session.new:
        if isinstance(row, Document):
            _write_unread(row, is_new=True)
    for row in session.dirty:
        if isinstance(row, Document) and _is_found_anew(row):
            index(row)
    for row in [*session.new, *session.dirty]:
        if isinstance(row, Comment) and row.visibility == "shared":
            index(session.get_one(Document, row.document_id))


def _is_found_anew(document: Document) -> bool:
    attributes = inspect(document).attrs
    return any(attributes[name].history.has_changes() for name in WATCHED)


def index(document: Document, *, ask: bool = True) -> None:
    """Write its entry anew; what was read of its file stays as long as that does.
    `ask`: have read what is not."""
    kept = db.session.execute(
        select(SearchEntry.content, SearchEntry.read_sha256).where(
            SearchEntry.document_id == document.id
        )
    ).one_or_none()
    if kept is not None and kept.read_sha256 == document.sha256:
        write(document, kept.content, document.sha256)
    else:
        _write_unread(document, ask)


def _write_unread(
    document: Document, ask: bool = True, *, is_new: bool = False
) -> None:
    if not reading.is_readable(document):
        # There is nothing to be read, if not in the picture that it is.
        is_picture = ocr.is_picture(document)
        write(document, "", document.sha256, is_new=is_new, needs_ocr=is_picture)
        if is_picture:
            ocr.ask(document)
        return
    write(document, "", None, is_new=is_new, needs_ocr=False)
    if ask:
        # It takes a moment: after a deposit of hundreds of files, their pictures wait.
        id = str(document.id)
        enqueue(reading.read_text, id, queue=reading.QUEUE, is_urgent=True)
