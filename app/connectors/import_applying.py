"""Writing what an import planned: thousands of addresses by a handful of statements.

Acts; the caller commits.
"""

import uuid
from collections import defaultdict
from dataclasses import dataclass, field

from app.activity.recording import record
from app.companies.models import Company
from app.connectors import bots, connecting, importing
from app.connectors.catalogue import PartnerApp
from app.connectors.connecting import WAITS_FOR_ADDRESS
from app.connectors.destinations import Change, tell_admins
from app.connectors.import_lines import Line, Plan
from app.connectors.models import Connection
from app.db import db
from app.delivery.cancelling import release_all_held
from app.locks import lock_companies
from app.people.models import Person


@dataclass
class Done:
    written: list[Line] = field(default_factory=list)
    authorised: int = 0  # companies that were not before
    # Those whose sender another company has: nothing was written for them.
    without_bot: list[Company] = field(default_factory=list)

    @property
    def changes(self) -> list[Change]:
        return [
            Change(line.company, line.slot, line.before, line.after)
            for line in self.written
            if line.company and line.slot and line.before != line.after
        ]


def lock(plan: Plan) -> None:
    """Keep others from the companies of the plan; it has to be made again then."""
    lock_companies(_by_company(plan))


def apply(plan: Plan, app: PartnerApp, *, by: Person) -> Done:
    """Do what a plan says that was made under its `lock`; the administrators get one
    mail."""
    done = Done()
    known = importing.connections_of(app)
    wanted = _by_company(plan)
    firsts = [c for lines in wanted.values() if (c := lines[0].company)]
    firsts = [company for company in firsts if company.id not in known]
    senders = bots.own_all(firsts, app)
    for company in firsts:
        if company.id in senders:
            known[company.id] = connecting.first_connection(
                company, app, senders[company.id], by=by
            )
            done.authorised += 1
        else:
            done.without_bot.append(company)
    for company_id, lines in wanted.items():
        if company_id in known:
            _connect(known[company_id], lines, app, by, done)
    db.session.flush()
    _release(plan, known)
    _tell(done, app, by)
    return done


def _by_company(plan: Plan) -> dict[uuid.UUID, list[Line]]:
    found: dict[uuid.UUID, list[Line]] = defaultdict(list)
    for line in plan.written:
        if line.company:
            found[line.company.id].append(line)
    return found


def _connect(
    connection: Connection, lines: list[Line], app: PartnerApp, by: Person, done: Done
) -> None:
    """One that was revoked is connected as by hand: documents may be held for it."""
    done.written += lines
    addresses = {line.slot.key: line.after for line in lines if line.slot}
    if not connection.is_authorised:
        connecting.connect(connection.company, app, addresses, by=by)
        done.authorised += 1
        return
    for slot, address in addresses.items():
        connecting.give_address(connection, slot, address, by=by)


def _release(plan: Plan, known: dict[uuid.UUID, Connection]) -> None:
    waiting: dict[str, set[uuid.UUID]] = defaultdict(set)
    for line in plan.written:
        if line.place and line.place[0] in known:
            waiting[line.place[1]].add(known[line.place[0]].id)
    for slot, connection_ids in waiting.items():
        release_all_held(connection_ids, WAITS_FOR_ADDRESS, slot)


def _tell(done: Done, app: PartnerApp, by: Person) -> None:
    tell_admins(app, done.changes, by=by)
    if by.firm_id:
        record(
            "destinations_imported",
            firm_id=by.firm_id,
            actor_id=by.id,
            firm_only=True,
            app=app.key,
            addresses=len(done.written),
        )
