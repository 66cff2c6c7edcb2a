"""What an act asks of the database."""

from collections.abc import Callable

from sqlalchemy import event

from app.db import db


def statements_of(act: Callable[[], object]) -> list[str]:
    """Without the look-up of the host's firm, which is remembered for some seconds."""
    said: list[str] = []

    def listen(_c: object, _d: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    return [one for one in said if not one.startswith("SELECT firms.id")]
