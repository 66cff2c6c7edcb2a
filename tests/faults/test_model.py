"""Whatever people do, in whatever order, and whenever a worker is lost: what must be
sent is sent, what must not is not. A model of the rules says which is which."""

import os
import uuid
from contextlib import suppress
from typing import ClassVar

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, integers, sampled_from
from sqlalchemy import select

from app.companies.models import Company
from app.connectors import apps, connecting, switches
from app.connectors.models import Connection
from app.db import db
from app.delivery import reaping, tick
from app.delivery.bouncing import bounced
from app.delivery.models import DONE, LEASED, Delivery
from app.library.copying import copy_document
from app.library.deposit import deposit
from app.library.models import Document, Folder, Version
from app.library.moving import move_document, move_folder
from app.library.receiving import Received, receive
from app.library.replacing import replace
from app.library.trashing import (
    restore_document,
    restore_folder,
    trash_document,
    trash_folder,
)
from tests.delivery.world import let_time_pass
from tests.faults.invariants import broken, disagreeing, undecided
from tests.faults.nth import DATABASE, Killed, database_fails
from tests.faults.small import ABOVE, TOOLS, empty, make_small
from tests.faults.stage import settle
from tests.faults.who_must_be_sent import Key, Line, Who
from tests.papers import one_page_pdf
from tests.smtp import MailServer

pytestmark = pytest.mark.faults

A_TREE = len(ABOVE)
LINES = [
    (company, app, slot)
    for company in range(3)
    for app in TOOLS
    for slot in (("purchases",) if app == "quickbooks" else ("purchases", "sales"))
]
# Most of it happens in one company: histories meet there.
FOLDERS = sampled_from([*range(A_TREE)] * 5 + [*range(A_TREE, 3 * A_TREE)])
SOME_LINES = sampled_from(LINES[:1] * 6 + LINES)
DOCUMENTS = integers(0, 4)  # of those there are, counted from the newest
# The auditor's own readings are slow; the model has each decision at every step.
AT_THE_END = (undecided, disagreeing)
MOST_CALLS = 60  # a run of a few deliveries has about as many


class Portal(RuleBasedStateMachine):
    smtp: ClassVar[MailServer]

    def __init__(self) -> None:
        super().__init__()
        empty()
        self.smtp.messages.clear()
        places = make_small()
        self.companies = [place.company.id for place in places]
        self.folders = [folder.id for place in places for folder in place.folders]
        parents = {
            number: None
            if (above := ABOVE[number % A_TREE]) is None
            else number // A_TREE * A_TREE + above
            for number in range(len(self.folders))
        }
        self.who = Who(dict(parents))
        self.documents: list[uuid.UUID] = []
        self.trashed: dict[uuid.UUID, int | None] = {}  # with which folder
        self.trashed_folders: dict[int, int] = {}
        self.files = 0
        for line in LINES[::3]:  # so that something leaves from the start
            self.connect(line, "one")
            self.switch(0, line, is_on=True)

    # What people do with documents

    @rule(folder=FOLDERS)
    def deposit(self, folder: int) -> None:
        folder = self.living(folder)
        made = deposit(
            self.file(), into=self.row_of(folder), by=None, channel="web"
        ).document.id
        db.session.commit()
        self.came(made, folder)

    @precondition(lambda self: self.documents)
    @rule(at=DOCUMENTS, folder=FOLDERS)
    def copy(self, at: int, folder: int) -> None:
        document = self.document(at)
        folder = self.living(folder, beside=document)
        if document in self.trashed:
            return
        made = copy_document(self.get(document), self.row_of(folder), by=None)
        db.session.commit()
        self.came(made.document.id, folder)

    @precondition(lambda self: self.documents)
    @rule(at=DOCUMENTS, folder=FOLDERS)
    def move(self, at: int, folder: int) -> None:
        document = self.document(at)
        folder = self.living(folder, beside=document)
        if document in self.trashed:
            return
        move_document(self.get(document), self.row_of(folder), by=None)
        db.session.commit()
        if folder != self.who.folder[document]:
            self.who.arrive(document, folder, "move")

    @precondition(lambda self: self.documents)
    @rule(at=DOCUMENTS)
    def replace(self, at: int) -> None:
        document = self.document(at)
        if document in self.trashed:
            return
        replace(self.get(document), self.file(), by=None)
        db.session.commit()
        self.who.replace(document)

    @precondition(lambda self: self.documents)
    @rule(at=DOCUMENTS)
    def trash(self, at: int) -> None:
        document = self.document(at)
        if document in self.trashed:
            return
        trash_document(self.get(document), by=None)
        db.session.commit()
        self.trashed[document] = None
        self.who.stop([document], "trashed")

    @precondition(lambda self: self.trashed)
    @rule(at=DOCUMENTS)
    def restore(self, at: int) -> None:
        document = list(self.trashed)[at % len(self.trashed)]
        restore_document(self.get(document), by=None)
        db.session.commit()
        del self.trashed[document]
        self.who.arrive(document, self.home_of(document), "restore")

    # What people do with folders

    @rule(folder=FOLDERS, to=FOLDERS, to_top=booleans())
    def move_folder(self, folder: int, to: int, to_top: bool) -> None:
        folder = self.living(folder)
        target = None if to_top else self.living(to, near=folder)
        if target in self.below(folder):
            return
        target_row = None if target is None else self.row_of(target)
        move_folder(self.row_of(folder), target_row, by=None)
        db.session.commit()
        self.who.parent[folder] = target
        inside = self.inside(folder)
        self.who.stop_uncovered(inside, "moved_out")

    @rule(folder=FOLDERS)
    def trash_folder(self, folder: int) -> None:
        folder = self.living(folder)
        if self.who.parent[folder] is None:
            return  # one of the company's stays
        gone = self.inside(folder)
        trash_folder(self.row_of(folder), by=None)
        db.session.commit()
        self.trashed |= dict.fromkeys(gone, folder)
        self.trashed_folders |= dict.fromkeys(self.below(folder), folder)
        self.who.stop(gone, "trashed")

    @precondition(lambda self: self.trashed_folders)
    @rule(at=DOCUMENTS)
    def restore_folder(self, at: int) -> None:
        roots = sorted(set(self.trashed_folders.values()))
        folder = roots[at % len(roots)]
        restore_folder(self.row_of(folder), by=None)
        db.session.commit()
        above = self.who.parent[folder]
        self.who.parent[folder] = self.nearest(above)
        for each in [f for f, w in self.trashed_folders.items() if w == folder]:
            del self.trashed_folders[each]
        for document in [d for d, w in self.trashed.items() if w == folder]:
            del self.trashed[document]
            self.who.arrive(document, self.who.folder[document], "restore")

    # What the firm decides

    @rule(folder=FOLDERS, line=SOME_LINES, is_on=booleans())
    def switch(self, folder: int, line: Line, is_on: bool) -> None:
        folder = self.living(line[0] * A_TREE + folder % A_TREE)
        connection = self.connection(line)
        if connection is None or (is_on and not connection.is_authorised):
            return
        state = "on" if is_on else "off"
        switches.set_switch(self.row_of(folder), connection, line[2], state, by=None)
        db.session.commit()
        self.who.switch(line, self.below(folder), is_on)

    @rule(line=SOME_LINES, name=sampled_from(("one", "two")))
    def connect(self, line: Line, name: str) -> None:
        self.let_leases_lapse()
        company = self.company(line)
        app = apps.get(line[1])
        typed = {slot.key: f"{slot.key}.{name}@tool.test" for slot in app.slots}
        connecting.connect(company, app, typed, by=None)
        db.session.commit()
        for each in self.beside(line):
            self.who.connect(each, typed[each[2]])

    @rule(line=SOME_LINES)
    def revoke(self, line: Line) -> None:
        if connection := self.connection(line):
            connecting.revoke(connection, by=None)
            db.session.commit()
            self.who.revoked |= set(self.beside(line))

    @rule(line=SOME_LINES, may_leave=booleans())
    def decide(self, line: Line, may_leave: bool) -> None:
        connection = self.connection(line)
        if connection is None or not connection.is_authorised:
            return
        act = connecting.resume if may_leave else connecting.give_up
        act(connection, by=None)
        db.session.commit()
        self.who.answer(self.beside(line), may_leave=may_leave)

    # What happens

    @rule()
    def run(self) -> None:
        let_time_pass(300)
        leaving = self.who.leaving()
        tick.run()
        seen = self.seen()
        missing = {key: seen.get(key) for key in leaving if seen.get(key) != "left"}
        assert not missing
        self.who.after_run(seen)

    @rule(call=integers(1, MOST_CALLS))
    def lose_the_worker(self, call: int) -> None:
        """At any call to the database: between two of them nothing of it is kept."""
        let_time_pass(300)
        with database_fails(call, *DATABASE, is_killed=True), suppress(Killed):
            tick.run()
        self.who.after_run(self.seen())

    @rule(at=DOCUMENTS)
    def bounce(self, at: int) -> None:
        left = [key for key, row in self.who.rows.items() if row.state == "left"]
        if not left:
            return
        key = left[at % len(left)]
        assert bounced(self.deliveries()[key], "550 5.1.1 Nobody of this name")
        db.session.commit()
        self.who.rows[key].state = "bounced"

    # What holds

    @invariant()
    def agrees(self) -> None:
        """Each delivery is what the rules say, and there are no others."""
        found = {key: state_of(row) for key, row in self.deliveries().items()}
        stopped = {key for key, state in found.items() if state == "stopped"}
        expected = {key: row.state for key, row in self.who.rows.items()}
        told = {key: row.why for key, row in self.who.rows.items()}
        for key in found.keys() | expected.keys():
            got, wanted = found.get(key), expected.get(key)
            if wanted is None and key in stopped:
                continue  # a version that another one replaced
            assert got == wanted, (key, got, wanted, told.get(key))

    @invariant()
    def holds(self) -> None:
        assert broken(self.smtp.messages, besides=AT_THE_END) == []

    def teardown(self) -> None:
        """At the end, all that may leave has left, and the auditor agrees."""
        try:
            settle()
            self.who.after_run(self.seen())
            self.who.after_run(self.seen())
            assert not self.who.leaving()
            assert broken(self.smtp.messages) == []
        finally:
            db.session.remove()

    # Where things are

    def living(
        self, folder: int, beside: uuid.UUID | None = None, near: int | None = None
    ) -> int:
        """That folder, or the nearest one above it that is not in the trash; of the
        company of a document, or of a folder."""
        if beside is not None:
            near = self.who.folder[beside]
        if near is not None:
            folder = near // A_TREE * A_TREE + folder % A_TREE
        found = self.nearest(folder)
        return self.first_of(folder) if found is None else found

    def nearest(self, folder: int | None) -> int | None:
        while folder is not None and folder in self.trashed_folders:
            folder = self.who.parent[folder]
        return folder

    def first_of(self, folder: int) -> int:
        """The company's first one at the top."""
        start = folder // A_TREE * A_TREE
        return next(
            number
            for number in range(start, start + A_TREE)
            if self.who.parent[number] is None and number not in self.trashed_folders
        )

    def home_of(self, document: uuid.UUID) -> int:
        return self.living(self.who.folder[document])

    def below(self, folder: int) -> list[int]:
        """The folder, then all that lie in it."""
        found = [folder]
        for each in found:
            found += [
                child
                for child, above in self.who.parent.items()
                if above == each and child not in self.trashed_folders
            ]
        return found

    def inside(self, folder: int) -> list[uuid.UUID]:
        folders = self.below(folder)
        return [
            document
            for document in self.documents
            if self.who.folder[document] in folders and document not in self.trashed
        ]

    def document(self, at: int) -> uuid.UUID:
        return self.documents[-1 - at % len(self.documents)]

    def came(self, document: uuid.UUID, folder: int) -> None:
        self.documents.append(document)
        self.who.version[document] = 1
        self.who.arrive(document, folder, "fresh")

    def file(self) -> Received:
        self.files += 1
        return receive([one_page_pdf(f"{self.files}")], f"Facture {self.files}.pdf")

    def get(self, document: uuid.UUID) -> Document:
        return db.session.get_one(Document, document)

    def row_of(self, folder: int) -> Folder:
        return db.session.get_one(Folder, self.folders[folder])

    def company(self, line: Line) -> Company:
        return db.session.get_one(Company, self.companies[line[0]])

    def connection(self, line: Line) -> Connection | None:
        return connecting.connection_of(self.company(line), line[1])

    def beside(self, line: Line) -> list[Line]:
        """The lines of its connection."""
        return [each for each in LINES if each[:2] == line[:2]]

    def let_leases_lapse(self) -> None:
        """Before an address changes: what a lost worker held is held again then."""
        let_time_pass(300)
        reaping.reap()
        reaping.hold_unsendable()
        self.who.after_run(self.seen())

    def deliveries(self) -> dict[Key, Delivery]:
        """The newest of each version to each line."""
        found = db.session.execute(
            select(Delivery, Version.number, Connection.app_key)
            .join(Version, Version.id == Delivery.version_id)
            .join(Connection, Connection.id == Delivery.connection_id)
            .order_by(Delivery.id)
            .execution_options(populate_existing=True)
        ).all()
        db.session.commit()
        numbers = {company: at for at, company in enumerate(self.companies)}
        return {
            (row.document_id, version, (numbers[row.company_id], app, row.slot)): row
            for row, version, app in found
        }

    def seen(self) -> dict[Key, str]:
        return {key: state_of(row) for key, row in self.deliveries().items()}


def state_of(row: Delivery) -> str:
    """In the words of the model: one to be stopped is, unless a dot may be out."""
    if row.state in DONE:
        return "left"
    if row.state == "in_doubt":
        return "doubt"
    if row.state == "cancelled" or (row.state in LEASED and row.cancel_requested):
        return "stopped"
    return row.state if row.state in {"unknown", "bounced", "failed"} else "due"


def examples(asked: bool) -> int:
    return int(os.environ.get("FAULT_EXAMPLES") or (100 if asked else 15))


def test_any_history_sends_what_must_be_sent_and_nothing_else(
    app: Flask, smtp: MailServer, pytestconfig: pytest.Config
) -> None:
    asked = "faults" in str(pytestconfig.option.markexpr)
    here = type("Here", (Portal,), {"smtp": smtp})
    run_state_machine_as_test(
        here,
        settings=settings(
            max_examples=examples(asked),
            stateful_step_count=30,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
