"""P20: one act of a person on a thousand documents, with all that follows from it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import select

from app.companies.models import Company
from app.db import db
from app.library.models import Document, Folder
from app.library.together import Hands, act_on_all
from app.library.tree import Sight
from app.people.models import Person
from bench.measuring import Result, Side, alternate, timed
from bench.portal import Portal, as_in_a_request, statements

MANY = 1000
TIMES = 2


def p20(portal: Portal) -> Iterator[Result]:
    ids = _documents(portal)
    validating, moving = _validations(portal, ids), _moves(portal, ids)
    with _plain(portal, ids) as plain:
        validated, moved, one = alternate(validating, moving, plain, times=TIMES)
    with statements(portal.app) as seen:
        moving()
    slowest = max(validated.median, moved.median)
    yield Result(
        id="P20",
        value=slowest,
        baseline=one.median,
        ratio=slowest / one.median,
        unit="ms",
        target="<= 3 x, < 1 s",
        ok=slowest <= 3 * one.median and slowest < 1000,
        also={
            "validated": validated.median,
            "moved": moved.median,
            "worst": max(validated.worst, moved.worst),
            "statements_of_a_move": len(seen),
        },
    )


def _documents(portal: Portal) -> list[UUID]:
    """Those of a folder: one act of a page is on as many as it shows."""
    with portal.app.app_context():
        return list(
            db.session.scalars(
                select(Document.id)
                .where(Document.folder_id == portal.middle)
                .order_by(Document.id)
                .limit(MANY)
                .execution_options(across_firms=True)
            )
        )


def _act(
    portal: Portal, ids: list[UUID], act: str, to: UUID | None = None
) -> Callable[[], None]:
    def once() -> None:
        staff = db.session.get_one(Person, portal.staff_id)
        company = db.session.get_one(
            Company, db.session.get_one(Folder, portal.big).company_id
        )
        hands = Hands(staff, company, Sight(firm_side=True))
        folder = db.session.get_one(Folder, to) if to else None
        outcome = act_on_all(ids, act, hands, folder)
        db.session.commit()
        if len(outcome.done) != len(ids):
            raise RuntimeError(f"{act}: {outcome.not_done}")

    return once


def _validations(portal: Portal, ids: list[UUID]) -> Side:
    as_before = (
        sa.update(Document)
        .where(Document.id.in_(ids))
        .values(status="received", validated_at=None, validated_by_id=None)
        .execution_options(synchronize_session=False, across_firms=True)
    )

    def side() -> list[float]:
        with as_in_a_request(portal):
            db.session.execute(as_before)
            db.session.commit()
        with as_in_a_request(portal):
            return [timed(_act(portal, ids, "validate"))]

    return side


def _moves(portal: Portal, ids: list[UUID]) -> Side:
    """To and fro, between a folder where nothing is on and one where something is."""
    places = cycle([portal.inbox, portal.middle])

    def side() -> list[float]:
        with as_in_a_request(portal):
            return [timed(_act(portal, ids, "move", next(places)))]

    return side


@contextmanager
def _plain(portal: Portal, ids: list[UUID]) -> Iterator[Side]:
    """An update of the same rows and as many lines of the trail, by the driver."""
    update = "UPDATE documents SET validated_at = now() WHERE id = ANY(%s)"
    line = (
        "INSERT INTO activity (firm_id, document_id, actor_id, verb, is_firm_only,"
        " details, at) VALUES (%s, %s, %s, 'measured', false, '{}', now())"
    )
    rows = [(portal.firm_id, one, portal.staff_id) for one in ids]
    engine = sa.create_engine(portal.database_url)
    with engine.connect() as connection:
        driver: Any = connection.connection
        cursor = driver.cursor()

        def once() -> None:
            cursor.execute(update, [ids])
            cursor.executemany(line, rows)
            driver.commit()

        yield lambda: [timed(once)]
    engine.dispose()
