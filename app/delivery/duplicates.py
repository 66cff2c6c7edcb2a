"""Whether an arrival waits for a person because an earlier document has its bytes.

Only for connections that ask for it; others send both, and say «doublon probable».
"""

from sqlalchemy import exists, select

from app.connectors.models import Connection
from app.db import db
from app.library.models import Arrival, Document, Version
from app.locks import lock_bytes

# The document was there before it came: one that is younger is the duplicate.
OF_OLD = ("move_in", "restore")


def is_held_duplicate(
    connection: Connection, version: Version, arrived: Arrival
) -> bool:
    """Of two that arrive at once one is the second: they take their turns."""
    if not connection.holds_duplicates:
        return False
    lock_bytes(arrived.company_id, version.sha256)
    is_twin = (
        (Document.company_id == arrived.company_id)
        & (Document.sha256 == version.sha256)
        & (Document.id != arrived.document_id)
        & Document.trashed_at.is_(None)
    )
    if arrived.kind in OF_OLD:
        is_twin &= Document.id < arrived.document_id
    return bool(db.session.scalar(select(exists().where(is_twin))))
