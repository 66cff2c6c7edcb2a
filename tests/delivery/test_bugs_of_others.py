"""What went wrong in other products between a queue and a mail server (bugs.md, the
run: B81 to B99), and does not here; `BUGS` says where each of them is a test."""

import email
import os
import re
import signal
import subprocess
import threading
from collections import Counter
from email import policy
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db
from app.delivery import jobs, tick
from app.delivery.clock import slot_at
from app.delivery.models import Delivery, Tick
from app.library.deposit import deposit
from app.library.receiving import receive
from tests.cast import House
from tests.conftest import point_to
from tests.delivery.processes import ONE_RUN, environment, start, wait_until
from tests.delivery.world import let_time_pass, state_of
from tests.files import body_for, padded_pdf
from tests.index_of_bugs import missing
from tests.papers import one_page_pdf
from tests.smtp import Fault, MailServer

OURS = "delivery.test_bugs_of_others"
BUGS = {
    "B81 two schedulers alive": {
        "test_worker": ["test_workers_with_a_clock_each_send_nothing_twice"],
        "delivery.test_queueing": ["test_a_job_of_one_id_is_queued_once"],
        OURS: ["test_b81_one_slot_run_by_two_sends_nothing_twice_and_is_logged_once"],
    },
    "B82 one job executed by two workers": {
        "delivery.test_two_runs": [
            "test_two_threads_send_nothing_twice",
            "test_two_processes_send_nothing_twice",
        ],
        "delivery.test_last_moment": ["test_a_lease_taken_over_forbids_the_dot"],
        OURS: ["test_b82_a_worker_frozen_beyond_its_lease_sends_no_second_copy"],
    },
    "B84 a change of the hour": {
        "delivery.test_clock": [
            "test_b84_a_change_of_the_hour_neither_skips_nor_repeats_a_slot",
            "test_b84_both_passes_of_half_past_two_are_slots_of_their_own",
            "test_b84_each_document_leaves_once_over_the_change",
        ],
    },
    "B86 a worker killed mid-run": {
        "delivery.test_two_runs": ["test_b86_a_run_killed_in_the_middle_loses_nothing"],
        "faults.test_nth_call": ["test_a_run"],
    },
    "B87 a job before the commit": {
        "delivery.test_queueing": [
            "test_a_job_leaves_after_the_commit",
            "test_a_rollback_forgets_it",
            "test_a_queue_that_is_away_is_told_and_does_no_harm",
        ],
        OURS: [
            "test_b87_a_run_before_the_commit_leaves_it_to_the_one_after",
            "test_b87_what_was_rolled_back_is_never_sent",
        ],
    },
    "B89 a database line shared over a fork": {
        OURS: ["test_b89_each_job_of_a_worker_has_database_lines_of_its_own"],
    },
    "B91 the mail server drops in the middle": {
        "delivery.test_faults": [
            "test_b91_what_left_before_the_fault_is_validated_the_rest_goes_next",
            "test_b91_a_server_that_hung_up_between_messages_is_called_again",
            "test_421_stops_the_run_and_charges_nobody",
        ],
    },
    "B92 the goodbye fails": {
        "delivery.test_faults": ["test_b92_a_goodbye_that_fails_changes_nothing"],
    },
    "B94 too big, retried for ever": {
        "delivery.test_faults": [
            "test_b94_too_big_for_the_server_fails_once",
            "test_b94_too_big_for_its_announced_size_is_held_without_data",
        ],
        OURS: ["test_b94_what_fits_leaves_beside_what_is_too_big"],
    },
    "B96 limits of the sender": {
        OURS: ["test_b96_a_server_that_takes_few_gets_all_over_later_runs"],
    },
    "B97 names garbled or too long": {
        "delivery.test_message": [
            "test_b97_the_name_is_read_as_it_was_written",
            "test_b97_old_readers_find_a_plain_name",
            "test_b97_the_plain_name_of_a_long_one_keeps_its_ending",
        ],
        OURS: ["test_b97_the_name_arrives_as_it_was_deposited"],
    },
    "B99 arriving while the run runs": {
        "delivery.test_last_moment": [
            "test_b99_what_arrives_meanwhile_is_not_taken_for_sent",
            "test_b99_a_folder_switched_off_meanwhile_sends_nothing",
            "test_b99_a_folder_below_cut_off_meanwhile_sends_nothing",
            "test_b99_a_document_put_in_the_trash_meanwhile_is_not_sent",
            "test_a_document_moved_out_meanwhile_says_why_it_did_not_leave",
            "test_a_connection_revoked_meanwhile_holds_it",
        ],
    },
}


@pytest.mark.parametrize("bug", BUGS)
def test_every_bug_has_its_test(bug: str) -> None:
    assert missing(BUGS, bug) == []


def test_b81_one_slot_run_by_two_sends_nothing_twice_and_is_logged_once(
    app: Flask, house: House, smtp: MailServer
) -> None:
    for number in range(5):
        house.drop(f"{number}.pdf")
    slot = slot_at(db.session.execute(sa.select(sa.func.now())).scalar_one())
    db.session.commit()
    together = threading.Barrier(2)

    def run() -> None:
        with app.app_context():
            together.wait()
            jobs.tick(slot.isoformat())

    clocks = [threading.Thread(target=run) for _ in range(2)]
    for clock in clocks:
        clock.start()
    for clock in clocks:
        clock.join(60)
    jobs.tick(slot.isoformat())
    assert Counter(smtp.ids()).most_common() == [(one, 1) for one in smtp.ids()]
    assert len(smtp.messages) == 5
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Tick)) == 1


@pytest.mark.parametrize(("phase", "copies"), [("mail", 1), ("body", 1), ("dot", 2)])
def test_b82_a_worker_frozen_beyond_its_lease_sends_no_second_copy(
    app: Flask,
    house: House,
    smtp: MailServer,
    tmp_path: Path,
    phase: str,
    copies: int,
) -> None:
    """After the marker there is no taking back: the copy is one of the windows."""
    done = house.drop(content=body_for(phase))
    frozen: list[subprocess.Popen[bytes]] = []
    smtp.fails(phase, call=lambda: os.kill(frozen[0].pid, signal.SIGSTOP))
    env = environment(app, smtp)
    frozen.append(start("-c", ONE_RUN, env=env, log=tmp_path / "run.log"))
    try:
        wait_until(lambda: not smtp.faults[0].times)
        wait_until(lambda: is_stopped(frozen[0].pid))
        let_time_pass(60)
        tick.run()
        let_time_pass(60)
        tick.run()
        assert state_of(done) == ("accepted", None)
    finally:
        os.kill(frozen[0].pid, signal.SIGCONT)
        frozen[0].wait(60)
    assert state_of(done) == ("accepted", None)
    assert len(smtp.messages) == copies
    delivery = db.session.scalars(sa.select(Delivery)).one()
    assert delivery.ambiguous == copies - 1


def is_stopped(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat").read_bytes()
    return stat.rpartition(b")")[2].split()[0] == b"T"


def test_b87_a_run_before_the_commit_leaves_it_to_the_one_after(
    app: Flask, house: House, smtp: MailServer
) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("a run waits there for the one who writes")
    uncommitted(house)
    with ThreadOf(app) as first:
        first.run()
    assert smtp.messages == []
    db.session.commit()
    tick.run()
    assert len(smtp.messages) == 1


def test_b87_what_was_rolled_back_is_never_sent(house: House, smtp: MailServer) -> None:
    uncommitted(house)
    db.session.rollback()
    tick.run()
    assert smtp.messages == []


def uncommitted(house: House) -> None:
    received = receive([one_page_pdf("a")], "a.pdf")
    db.session.commit()
    deposit(received, into=house.folder(), by=None, channel="web")


class ThreadOf:
    """A worker's run beside a transaction that is open here."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __enter__(self) -> "ThreadOf":
        return self

    def run(self) -> None:
        def act() -> None:
            with self.app.app_context():
                tick.run()

        thread = threading.Thread(target=act)
        thread.start()
        thread.join(60)
        assert not thread.is_alive()

    def __exit__(self, *_error: object) -> None:
        return None


def test_b89_each_job_of_a_worker_has_database_lines_of_its_own(
    app: Flask, house: House, smtp: MailServer, tmp_path: Path
) -> None:
    """The worker spoke to the database before its children did: three jobs in a row
    do their work, and leave the parent's line usable."""
    code = """
import os
from sqlalchemy import text
from rq.job import Job
from app import create_app
from app.db import db
from app.delivery import tick
from worker import GuichetWorker
import rq

app = create_app()
one = text("SELECT 1")
worker = object.__new__(GuichetWorker)
worker.app = app
rq.Worker.perform_job = lambda self, *args, **kwargs: bool(tick.run())
with app.app_context():
    db.session.execute(one)
    db.session.rollback()
    held = db.engine.connect()  # in use in the parent all the while
    line = held.connection.dbapi_connection
    held.rollback()
for _ in range(3):
    child = os.fork()
    if not child:
        worker.perform_job()
        with app.app_context():
            assert db.engine.raw_connection().dbapi_connection is not line
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, "a job failed"
    held.execute(one)
    held.rollback()
"""
    for number in range(3):
        house.drop(f"{number}.pdf")
    log = tmp_path / "worker.log"
    process = start("-c", code, env=environment(app, smtp), log=log)
    assert process.wait(120) == 0, log.read_text()
    assert len(smtp.messages) == 3


def test_b94_what_fits_leaves_beside_what_is_too_big(
    house: House, smtp: MailServer
) -> None:
    """Sizes as they are on the wire, a third above the file's; one message each."""
    smtp.size = 25_000
    sizes = {"fits.pdf": 16_000, "not.pdf": 19_000} | {
        f"{n}.pdf": 5_000 for n in range(6)
    }
    drops = {
        name: house.drop(name, content=padded_pdf(size)) for name, size in sizes.items()
    }
    tick.run()
    let_time_pass(600)
    tick.run()
    assert state_of(drops.pop("not.pdf")) == ("held", "too_big")
    assert {state_of(done) for done in drops.values()} == {("accepted", None)}
    assert max(len(mail.raw) for mail in smtp.messages) <= smtp.size
    assert len(smtp.messages) == 7


class Sparing(MailServer):
    """One line at a time, and so many messages in a while."""

    def limit(self, most: int) -> None:
        self.most = self.left = most

    def due(self, phase: str) -> Fault | None:
        if phase == "connect" and sum(line.fileno() >= 0 for line in self.lines) > 1:
            return Fault(phase, "421 4.7.0 Too many connections")
        if phase == "mail":
            self.left -= 1
            if self.left < 0:
                return Fault(phase, "450 4.7.1 Too many messages, slow down")
        return super().due(phase)


def test_b96_a_server_that_takes_few_gets_all_over_later_runs(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops = [house.drop(f"{number}.pdf") for number in range(50)]
    with Sparing() as server:
        point_to(app, server, monkeypatch)
        for _ in range(8):
            server.limit(20)
            tick.run()
            let_time_pass(600)
        assert {state_of(done) for done in drops} == {("accepted", None)}
        assert len(server.messages) == len(set(server.ids())) == 50
        assert not any("Too many connections" in words for words in server.commands)
        assert server.connections <= 8


NAMES = (
    f"Relevé d’avril – très {'long ' * 20}relevé de compte n°12.pdf",
    "é" * 251 + ".pdf",
    "契約書 第3号 😀.pdf",
    "a;b=\"c\" 'd' %41 utf-8''e.pdf",
)


@pytest.mark.parametrize("name", NAMES)
def test_b97_the_name_arrives_as_it_was_deposited(
    house: House, smtp: MailServer, name: str
) -> None:
    shown = house.drop(name).document.name
    tick.run()
    (mail,) = smtp.messages
    read = email.message_from_bytes(mail.raw, policy=policy.default)
    (attachment,) = read.iter_attachments()
    assert attachment.get_filename() == shown
    [plain] = re.findall(rb'\sfilename="([^"]*)"', mail.raw)
    assert re.fullmatch(rb"[ -~]{1,60}\.pdf", plain)
    # Python's older reader does not know RFC 2231 beside a plain name.
    old = email.message_from_bytes(mail.raw, policy=policy.compat32)
    [part] = [p for p in old.walk() if p.get_content_disposition() == "attachment"]
    assert part.get_filename() in {shown, plain.decode()}
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
