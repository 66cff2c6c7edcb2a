"""P14: a switch at the root of a big tree. It is one row: nothing is written for the
folders and documents below."""

from collections.abc import Iterator
from uuid import UUID

import sqlalchemy as sa

from app import create_app
from app.connectors import switches
from app.connectors.models import Connection
from app.connectors.switching import switch_as_seen
from app.db import db
from app.firms.models import Firm
from app.library.models import Document, Folder
from bench.ground import Ground
from bench.mailing import switched
from bench.measuring import Result, Side, alternate, say, timed
from bench.portal import DOCUMENTS

FOLDERS = max(1000, DOCUMENTS // 10)
BRANCHES = 10  # folders in each
CUT = 100  # one folder in so many is cut on its own, up to a hundred of them
MOST_MS = 50


_TO_CUT = (
    sa.select(Folder.id)
    .where(Folder.name.like("Dossier %"), Folder.position % CUT == 0)
    .order_by(Folder.position)
    .limit(100)
)


def p14(ground: Ground) -> Iterator[Result]:
    app = create_app({"SQLALCHEMY_DATABASE_URI": ground.new_database("guichet_tree")})
    with app.app_context():
        db.create_all()
        firm = Firm(slug="a", name="Cabinet A", brand_colour="#14533f")
        db.session.add(firm)
        db.session.commit()
        folder = switched(firm, "A")
        connection = db.session.scalars(sa.select(Connection)).one()
        _grow(folder)
        cut = list(db.session.scalars(_TO_CUT))
        act, dialog = alternate(
            _switching(folder, connection, cut), _as_seen(folder, connection), times=2
        )
        db.session.remove()
    yield Result(
        id="P14",
        value=act.median,
        baseline=None,
        ratio=None,
        unit="ms",
        target=f"<= {MOST_MS} ms",
        ok=act.median <= MOST_MS,
        also={
            "worst": act.worst,
            "folders": FOLDERS,
            "documents": DOCUMENTS,
            "cut_below": len(cut),
            "counted_and_switched": dialog.median,
        },
    )


def _switching(folder: Folder, connection: Connection, cut: list[UUID]) -> Side:
    """On, from off, over folders that were cut on their own and follow again."""

    def once() -> list[float]:
        switches.set_switch(folder, connection, "purchases", "on", by=None)
        for below in db.session.scalars(sa.select(Folder).where(Folder.id.in_(cut))):
            switches.set_switch(below, connection, "purchases", "off", by=None)
        switches.set_switch(folder, connection, "purchases", "off", by=None)
        db.session.commit()

        def act() -> None:
            switches.set_switch(folder, connection, "purchases", "on", by=None)
            db.session.commit()

        return [timed(act)]

    return once


def _as_seen(folder: Folder, connection: Connection) -> Side:
    """As a person does it: with the numbers of the dialog, counted once more."""

    def once() -> list[float]:
        switches.set_switch(folder, connection, "purchases", "off", by=None)
        db.session.commit()

        def act() -> None:
            switch_as_seen(
                *(folder, connection, "purchases", "on"),
                seen=None,
                and_send=False,
                by=None,
            )
            db.session.commit()

        return [timed(act)]

    return once


def _grow(root: Folder) -> None:
    """Ten folders in each, and ten documents, as copies of the root's rows."""
    say(f"{FOLDERS} folders, {DOCUMENTS} documents", end=" ")
    with db.engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            sa.text(
                "INSERT INTO folders (id, firm_id, company_id, parent_id, name,"
                " position, kind, visibility, is_locked, created_at)"
                " SELECT md5('f' || n)::uuid, firm_id, company_id,"
                " CASE WHEN n <= :branches THEN id"
                " ELSE md5('f' || (n - 1) / :branches)::uuid END,"
                " 'Dossier ' || n, n, 'plain', visibility, false, created_at"
                " FROM folders, generate_series(1, :folders) n WHERE id = :root"
            ),
            {"branches": BRANCHES, "folders": FOLDERS, "root": root.id},
        )
        _documents(connection, root)
    with db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.text("VACUUM (ANALYZE)"))


def _documents(connection: sa.Connection, root: Folder) -> None:
    number = sa.func.generate_series(1, DOCUMENTS).column_valued("n")
    text = sa.cast(number, sa.Text)
    as_id = sa.cast(sa.func.md5("d" + text), sa.Uuid)
    place = sa.cast(sa.func.md5("f" + sa.cast(1 + number % FOLDERS, sa.Text)), sa.Uuid)
    values = {
        "id": as_id,
        "firm_id": sa.literal(root.firm_id),
        "company_id": sa.literal(root.company_id),
        "folder_id": place,
        "name": "Facture " + text,
        "channel": sa.literal("web"),
        "depositor_name": sa.literal("Paul Dupont"),
        "status": sa.literal("received"),
        "arrived_at": sa.func.now(),
        "size": sa.literal(100_000),
        "sha256": sa.func.md5(text),
        "content_type": sa.literal("application/pdf"),
    }
    connection.execute(
        sa.insert(Document).from_select(list(values), sa.select(*values.values()))
    )
