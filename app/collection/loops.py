"""What must not go round: our own messages that come back, reports, and what machines
answer. Nothing of it becomes a document by itself, and none of it is ever answered.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from app.collection.heads import Head
from app.collection.models import InboundMail
from app.collection.own import is_own
from app.connectors.models import Connection, TestMail
from app.db import db, id_from
from app.delivery import correlating
from app.delivery.bouncing import bounced
from app.delivery.correlating import Keys
from app.delivery.models import Delivery
from app.library.models import Document
from app.mailroom import sorting
from app.mailroom.parts import type_of
from app.mailroom.reading import Letter
from app.notices.models import Notice

EVERYWHERE = {"across_firms": True}
MOST_RECEIVED = 25
# Doors that know the envelope: an empty sender there was said to be empty.
ENVELOPED = ("smtp", "lmtp")
PRECEDENCES = ("bulk", "junk", "list", "auto_reply", "auto-reply")
# Also behind the name of a service: «facture.noreply», «edf-ne-pas-repondre».
_ROBOTS = re.compile(
    r"(?:^|[-_.+])(?:"
    r"(?:no|ne|do)[-_.]?(?:not|pas)?[-_.]?(?:reply|repondre|r[eé]pondez)|mailer-?daemon|"
    r"postmaster|bounces?\b|mdaemon|notifications?$)|^(?:automate|robot)$",
    re.IGNORECASE,
)
_MACHINES = ("X-Autoreply", "X-Autorespond", "List-Id")
_UNANSWERED = ("X-Auto-Response-Suppress", "List-Unsubscribe")
_REFERENCE = re.compile(r"[Rr][eé]f\. ([0-9a-f-]{36})")


@dataclass(frozen=True)
class Stop:
    """`state`: ignored, or quarantined where a document may be lost otherwise."""

    state: str
    reason: str


def why_stopped(
    mail: InboundMail,
    head: Head,
    letter: Letter,
    *,
    has_documents: bool,
    papers: Collection[str] = (),
) -> Stop | None:
    """A bounce is told to the delivery that it is of; the caller commits. `papers`:
    SHA-256 of each of its documents."""
    if _is_report(mail, head, letter, has_documents=has_documents):
        _tell_the_delivery(mail, letter)
        return Stop("ignored", "report")
    if _is_ours(head.get("X-Delivery-Id")):
        return Stop("ignored", "own_delivery")
    if any(map(is_own, {letter.from_address, mail.sender.lower()})):
        return Stop("ignored", "own_address")
    if has_documents:
        is_round = (
            len(head.all("Received")) > MOST_RECEIVED
            or _returns(letter)
            or _brings_back(mail, head, letter, papers)
        )
        return Stop("quarantined", "loop") if is_round else None
    if len(head.all("Received")) > MOST_RECEIVED:
        return Stop("ignored", "loop")
    return Stop("ignored", "automatic") if _is_idle(mail, head) else None


def _is_report(
    mail: InboundMail, head: Head, letter: Letter, *, has_documents: bool
) -> bool:
    """As RFC 3462 has it; or of another kind, with nothing but what is ours: a report
    that a gateway put into another message, or words."""
    if type_of(head.message) == "multipart/report":
        return True
    is_failure = _is_failure(mail, letter) and has_no_sender(mail, head)
    is_report = bool(letter.report) or is_failure
    return is_report and (not has_documents or _returns(letter))


def is_automatic(mail: InboundMail, head: Head, letter: Letter) -> bool:
    """Written by a machine, or through a list: it may hold documents, but nobody there
    reads an answer. What answers us, or passes a mail of ours on, is not answered
    either, whoever wrote it."""
    said = _first_word(head.get("Auto-Submitted"))
    return (
        said not in {"", "no"}
        or _first_word(head.get("Precedence")) in PRECEDENCES
        or any(head.get(sign) for sign in (*_MACHINES, *_UNANSWERED))
        or has_no_sender(mail, head)
        or is_robot(mail.sender)
        or is_robot(letter.from_address)
        or _is_answer_to_us(letter)
    )


def has_no_sender(mail: InboundMail, head: Head) -> bool:
    """The null reverse-path (RFC 5321, 4.5.5): nothing may be sent back."""
    if mail.door in ENVELOPED:
        return not mail.sender
    return not mail.sender and head.get("Return-Path") == "<>"


def is_robot(address: str) -> bool:
    return bool(_ROBOTS.search(address.rpartition("@")[0]))


def _is_idle(mail: InboundMail, head: Head) -> bool:
    """An answer by a machine, or a circular. What a robot sends of its own accord is
    shown to staff: its invoice may be in the text."""
    return (
        _first_word(head.get("Auto-Submitted")) == "auto-replied"
        or _first_word(head.get("Precedence")) in {*PRECEDENCES} - {"list"}
        or any(head.get(sign) for sign in _MACHINES)
        or has_no_sender(mail, head)
    )


def _first_word(value: str) -> str:
    return re.split(r"[\s;(]", value.lower(), maxsplit=1)[0]


def _is_ours(delivery_id: str) -> bool:
    found = id_from(delivery_id.strip())
    if found is None:
        return False
    return any(
        db.session.scalar(
            select(table.id).where(table.id == found).execution_options(**EVERYWHERE)
        )
        for table in (Delivery, TestMail)
    )


def _returns(letter: Letter) -> bool:
    """A message of ours is inside, or is what it answers or sends on: what it bears is
    in the library already."""
    if _is_ours(letter.delivery_id) or _is_of_a_notice(letter.returned):
        return True
    named = (*letter.returned, *letter.answers)
    return bool(
        named
        and db.session.scalar(
            select(Delivery.id)
            .where(Delivery.message_id.in_(named))
            .limit(1)
            .execution_options(**EVERYWHERE)
        )
    )


def _brings_back(
    mail: InboundMail, head: Head, letter: Letter, papers: Collection[str]
) -> bool:
    """Another portal, or the tool itself, sends what it got from this company, as a
    message of its own: filed again, it would leave again, for ever. Each of its papers
    has left already, and a portal sends it, or whoever got it."""
    if mail.company_id is None or not papers:
        return False
    left = dict[str, set[str]]()  # the domains that have them
    for sha256, to in db.session.execute(
        select(Document.sha256, Delivery.destination)
        .join(Delivery, Delivery.document_id == Document.id)
        .where(
            Document.company_id == mail.company_id,
            Document.sha256.in_(papers),
            Delivery.accepted_at.is_not(None),
        )
        .execution_options(**EVERYWHERE)
    ):
        left.setdefault(sha256, set()).add(_domain(to or ""))
    if not all(sha256 in left for sha256 in papers):
        return False
    domains = {_domain(letter.from_address), _domain(mail.sender)} - {""}
    is_by_a_portal = id_from(head.get("X-Delivery-Id").strip()) is not None
    return is_by_a_portal or all(left[sha256] & domains for sha256 in papers)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _is_answer_to_us(letter: Letter) -> bool:
    """To a notice of ours, or such a notice sent on: by the ids that it names."""
    quoted = _REFERENCE.findall(letter.text)[:5]
    return _is_of_a_notice((*letter.answers, *letter.returned, *quoted))


def _is_of_a_notice(names: Sequence[str]) -> bool:
    """Message-IDs, or what a notice is known by in its text."""
    bare = (name.strip("<>").partition("@")[0] for name in names)
    ids = [found for name in bare if (found := id_from(name))]
    if not ids:
        return False
    rule = or_(*(Notice.id == found for found in ids))
    return bool(db.session.scalar(select(Notice.id).where(rule).limit(1)))


def _tell_the_delivery(mail: InboundMail, letter: Letter) -> None:
    """Within the company's own: anybody may write to its address."""
    if mail.company_id is None or not _is_failure(mail, letter):
        return
    keys = Keys(
        envelope_id=letter.report.envelope_id if letter.report else "",
        message_ids=(*letter.returned, *letter.answers),
        delivery_id=letter.delivery_id,
    )
    delivery = correlating.find(keys, Connection.company_id == mail.company_id)
    if delivery is not None:
        bounced(delivery, _said(letter))


def _is_failure(mail: InboundMail, letter: Letter) -> bool:
    nobody: Sequence[str] = ()
    kind = sorting.kind_of(letter, sender=mail.sender, domains=nobody, is_answer=False)
    return kind == "bounce"


def _said(letter: Letter) -> str:
    report = letter.report
    if report is None:
        return letter.text or letter.subject
    said = f"{report.status} {report.diagnostic}".strip()
    return f"{report.recipient}: {said}" if report.recipient else said
