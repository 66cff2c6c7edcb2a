"""«À faire chez …, pour …»: the steps at the tool, and who did which of them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.companies.models import Company
from app.connectors.catalogue import PartnerApp, Step
from app.connectors.models import Connection, StepDone
from app.connectors.panel_rows import CompanyRow, Field
from app.db import db
from app.people.models import Person
from app.texts import gettext as _


@dataclass(frozen=True)
class Copy:
    """An address to paste at the tool, and its slot where there are several."""

    value: str
    label: str
    is_guess: bool


@dataclass(frozen=True)
class StepLine:
    step: Step
    copies: list[Copy]
    done_at: datetime | None
    done_by: str

    @property
    def is_done(self) -> bool:
        return self.done_at is not None


@dataclass(frozen=True)
class ToDo:
    company: Company
    can_tick: bool
    lines: list[StepLine]

    @property
    def done(self) -> int:
        return sum(line.is_done for line in self.lines)

    @property
    def current(self) -> StepLine | None:
        """The first that is not done."""
        return next((line for line in self.lines if not line.is_done), None)


def steps_of(app: PartnerApp) -> tuple[Step, ...]:
    """Those of the catalogue, or the two that every tool has."""
    return app.steps or (
        Step(
            key="destination",
            title=_("Find the collection address."),
            text=_("It is given by the tool, for this company."),
            copy="destination",
        ),
        Step(
            key="bot",
            title=_("Allow the sender."),
            text=_("Some tools take mail from known senders only."),
            copy="bot",
        ),
    )


def to_do(app: PartnerApp, row: CompanyRow) -> ToDo:
    done = _done(row.connection) if row.connection else {}
    lines = [
        StepLine(step, _copies(app, row, step), *done.get(step.key, (None, "")))
        for step in steps_of(app)
    ]
    return ToDo(row.company, row.connection is not None, lines)


def _done(connection: Connection) -> dict[str, tuple[datetime | None, str]]:
    found = db.session.execute(
        select(StepDone.step, StepDone.done_at, Person.name)
        .outerjoin(Person, Person.id == StepDone.done_by_id)
        .where(StepDone.connection_id == connection.id)
    )
    return {step: (at, name or "") for step, at, name in found}


def _copies(app: PartnerApp, row: CompanyRow, step: Step) -> list[Copy]:
    if step.copy == "bot":
        return [Copy(row.bot_address, "", is_guess=False)]
    if step.copy != "destination":
        return []
    return [_destination(app, field) for field in row.fields if field.to_copy]


def _destination(app: PartnerApp, field: Field) -> Copy:
    return Copy(
        value=field.to_copy,
        label=field.slot.name if len(app.slots) > 1 else "",
        is_guess=field.to_copy != field.saved,
    )


def tick(connection: Connection, step: str, *, is_done: bool, by: Person) -> None:
    """Note that the step was done, or that it was not; again changes nothing."""
    known = db.session.get(StepDone, (connection.id, step))
    if known and not is_done:
        db.session.delete(known)
    elif is_done and known is None:
        _add(
            StepDone(
                firm_id=connection.firm_id,
                connection_id=connection.id,
                step=step,
                done_by_id=by.id,
            )
        )


def _add(done: StepDone) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(done)
    except IntegrityError:
        return  # somebody ticked it at the same moment
