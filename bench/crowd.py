"""P11: what is due, among many documents that lie in the same switched folders and are
not: they were there before the switch."""

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.db import db
from app.delivery.models import Delivery
from app.firms.models import Firm
from app.library.models import Document
from bench.ground import Ground
from bench.mailing import MESSAGES, deposit_many, ticking
from bench.measuring import Result, alternate, say
from bench.portal import DOCUMENTS

SIZE = 200_000
CROWD = max(10_000, DOCUMENTS // 10)


def p11(ground: Ground) -> Iterator[Result]:
    with ground.sink() as port:
        alone, due_alone = _house(ground, "guichet_alone", port, 0)
        among, due_among = _house(ground, "guichet_among", port, CROWD)
        crowded, calm = alternate(ticking(among, due_among), ticking(alone, due_alone))
    ratio = crowded.median / calm.median
    yield Result(
        id="P11",
        value=MESSAGES / crowded.median * 1000,
        baseline=MESSAGES / calm.median * 1000,
        ratio=ratio,
        unit="messages/s",
        target="<= 1.05 x the time",
        ok=ratio <= 1.05,
        also={"messages": MESSAGES, "not_due": CROWD},
    )


def _house(
    ground: Ground, name: str, port: int, crowd: int
) -> tuple[Flask, list[UUID]]:
    url = ground.new_database(name)
    app = create_app({"SQLALCHEMY_DATABASE_URI": url, "MAIL_PORT": port})
    with app.app_context():
        db.create_all()
        firm = Firm(slug="a", name="Cabinet A", brand_colour="#14533f")
        db.session.add(firm)
        db.session.commit()
        due = deposit_many(firm.id, SIZE, MESSAGES)
        if crowd:
            _fill(due, crowd)
    return app, due


def _fill(due: list[UUID], crowd: int) -> None:
    """Copies of those documents and their versions beside them, without a delivery."""
    say(f"and {crowd} that are not due", end=" ")
    documents = sa.select(Delivery.document_id).where(Delivery.id.in_(due))
    ids = list(db.session.scalars(documents))
    for table, key in (("documents", "id"), ("versions", "document_id")):
        names = [column.name for column in db.metadata.tables[table].columns]
        new = {
            # A copy's id is known from its original's and its number.
            "id": f"md5(t.{key}::text || n || '{table}')::uuid",
            "document_id": "md5(t.document_id::text || n || 'documents')::uuid",
            "name": "n || t.name",
            "status": "'received'",
            "storage_key": "'aa/aa/' || md5(t.id::text || n)",
            "upload_id": "NULL",
        }
        db.session.execute(
            sa.text(
                f"INSERT INTO {table} ({', '.join(names)})"  # noqa: S608 - our own
                f" SELECT {', '.join(new.get(name, f't.{name}') for name in names)}"
                f" FROM {table} t, generate_series(1, :times) n"
                f" WHERE t.{key} = ANY(CAST(:ids AS uuid[]))"
            ),
            {"times": -(-crowd // len(ids)), "ids": ids},
        )
    number = db.session.scalar(sa.select(sa.func.count(Document.id))) or 0
    db.session.commit()
    if number < crowd:
        raise RuntimeError(f"{number} documents, not {crowd}")
    with db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.text("VACUUM (ANALYZE)"))
