"""What must not go round: nothing of ours comes back as a document, and what machines
write is not answered, so that nothing grows."""

import re
import uuid
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage, Message

import pytest
from flask import current_app
from sqlalchemy import func, select

from app.collection import reading
from app.collection.accepting import Envelope
from app.collection.models import InboundMail
from app.connectors.destinations import checked_address
from app.db import database_now, db
from app.delivery import tick
from app.delivery.models import Delivery
from app.errors import Refused
from app.notices.models import Notice
from app.notices.posting import post_notices
from tests.cast import House, World
from tests.collection.letters import letter
from tests.collection.sending import COMPTA, came, documents, send
from tests.collection.signing import Zone, signed
from tests.mailroom.letters import DSN
from tests.received import Received
from tests.smtp import MailServer

PAPER = ("a.pdf", "application/pdf")
DORA = "Dora Dune <dora@dune.test>"


def by_dora(*files: tuple[str, str], number: int = 1, top: str = "") -> bytes:
    raw = letter(*files, sender=DORA, message_id=f"<{number}@dune.test>")
    raw = top.encode() + raw
    return signed(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), "dune.test")


def receipts() -> int:
    return (
        db.session.scalar(select(func.count(Notice.id)).where(Notice.kind == "receipt"))
        or 0
    )


def left(house: House, post: MailServer) -> bytes:
    """A document that left for the tool, as it left."""
    house.switch("on")
    house.drop("Facture.pdf")
    tick.run(database_now())
    [message] = post.messages
    return message.raw


def state_of(raw: bytes, envelope: Envelope | None = None) -> tuple[str, str]:
    mail = send(raw, COMPTA, envelope)
    return mail.state, mail.reason


# What is ours


def test_what_we_sent_and_comes_back_is_no_document(
    house: House, zone: Zone, post: MailServer
) -> None:
    """B32: a tool that passes on to the collection address what it got from us."""
    raw = left(house, post)
    assert state_of(raw) == ("ignored", "own_delivery")
    assert [document.name for document in documents()] == ["Facture.pdf"]
    assert db.session.scalar(select(func.count(Delivery.id))) == 1


def test_what_we_sent_within_another_message_waits_for_a_person(
    house: House, zone: Zone, post: MailServer
) -> None:
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "Tool <x@tool.test>", "TR"
    outer["Message-ID"] = "<out@tool.test>"
    outer.set_content("see below")
    outer.add_attachment(left(house, post), "application", "pdf", filename="copy.pdf")
    outer.add_attachment(message_from_bytes(left_of(post)))
    assert state_of(outer.as_bytes()) == ("quarantined", "loop")
    assert len(documents()) == 1


def left_of(post: MailServer) -> bytes:
    return post.messages[0].raw


def test_a_stranger_s_delivery_id_is_no_loop(house: House, zone: Zone) -> None:
    top = f"X-Delivery-Id: {uuid.uuid4()}\n"
    assert state_of(by_dora(PAPER, top=top))[0] == "filed"


def sent_on(raw: bytes, number: int, by: str = "bot+x@portal.test") -> bytes:
    """What another portal sends of what it got from us, as a message of its own."""
    message = message_from_bytes(raw)
    for name, value in (
        ("From", f"<{by}>"),
        ("Message-ID", f"<{number}@portal.test>"),
        ("X-Delivery-Id", str(uuid.uuid4())),
    ):
        message.replace_header(name, value)
    return message.as_bytes()


def test_two_portals_that_deliver_to_each_other_stop_after_one_turn(
    house: House, zone: Zone, post: MailServer
) -> None:
    house.switch("on")
    house.drop("Facture.pdf")
    for number in range(3):
        tick.run(database_now())
        envelope = came("bot+x@portal.test")
        send(sent_on(post.messages[-1].raw, number), COMPTA, envelope)
    tick.run(database_now())
    assert len(post.messages) == 1
    assert [document.name for document in documents()] == ["Facture.pdf"]
    mails = db.session.execute(select(InboundMail.state, InboundMail.reason)).all()
    assert set(mails) == {("quarantined", "loop")}


def test_what_another_portal_delivers_first_is_filed_and_leaves_once(
    house: House, zone: Zone, post: MailServer
) -> None:
    house.switch("on")
    top = f"X-Delivery-Id: {uuid.uuid4()}\n".encode()
    raw = sent_on(top + letter(PAPER), 1)
    assert state_of(raw) == ("filed", "")
    tick.run(database_now())
    assert len(post.messages) == 1
    assert state_of(sent_on(raw, 2)) == ("quarantined", "loop")
    other = letter(PAPER, ("b.pdf", "application/pdf"))
    assert state_of(sent_on(top + other, 3)) == ("filed", "")
    assert len(documents()) == 3


def test_a_tool_that_sends_back_what_it_got_waits_for_a_person(
    house: House, zone: Zone, post: MailServer
) -> None:
    raw = left(house, post)
    domain = str(message_from_bytes(raw)["To"]).strip("<>").partition("@")[2]
    bare = message_from_bytes(sent_on(raw, 1, by=f"robot@{domain}"))
    del bare["X-Delivery-Id"]
    assert state_of(bare.as_bytes()) == ("quarantined", "loop")
    bare.replace_header("From", "<somebody@portal.test>")
    bare.replace_header("Message-ID", "<2@portal.test>")
    assert state_of(bare.as_bytes()) == ("filed", "")


@pytest.mark.parametrize(
    "address",
    [
        "quickbooks+dune-alder@mail.guichet.test",
        "banque+dune-alder@mail.guichet.test",
        "Compta+Dune-Alder@mail.guichet.test",
        "ventes+elm-birch@mail.guichet.test",
        "ne-pas-repondre@mail.guichet.test",
        "bounce+0123456789abcdef0123456789abcdef.abcdefgh@mail.guichet.test",
    ],
)
def test_nothing_from_our_own_addresses_is_filed_nor_answered(
    house: House, zone: Zone, address: str
) -> None:
    """B31: an unknown sender whose From is another collection address of ours."""
    house.connect()
    raw = letter(PAPER, sender=f"X <{address}>")
    assert state_of(raw) == ("ignored", "own_address")
    by_envelope = letter(PAPER, sender=DORA, message_id="<3@dune.test>")
    assert state_of(by_envelope, came(address)) == ("ignored", "own_address")
    assert (documents(), receipts()) == ([], 0)


def test_people_of_the_firm_may_have_their_addresses_at_its_domain(
    house: House, zone: Zone
) -> None:
    house.staff.email = "ben@mail.guichet.test"
    db.session.commit()
    zone.domain("mail.guichet.test")
    raw = letter(PAPER, sender="Ben <ben@mail.guichet.test>").replace(b"\n", b"\r\n")
    assert state_of(signed(raw, "mail.guichet.test"))[0] == "filed"
    assert documents()[0].depositor_id == house.staff.id


@pytest.mark.parametrize(
    "address",
    [
        "compta+dune-alder@mail.guichet.test",
        "COMPTA+dune-alder@MAIL.guichet.test",
        "compta+dune-birch@mail.guichet.test",
        "compta+dune-birch@courrier.birch.test",
        "anything@courrier.birch.test",
        "quickbooks+dune-alder@mail.guichet.test",
    ],
)
def test_no_destination_may_be_an_address_of_ours_of_whatever_firm(
    world: World, address: str
) -> None:
    """B32: refused where it is typed."""
    world.birch.dune.mail_domain = "courrier.birch.test"
    db.session.commit()
    with pytest.raises(Refused, match=r"ours|nôtres|nos"):
        checked_address(address)


# Reports


def bounce(post: MailServer, action: str = "failed") -> bytes:
    message_id = message_from_bytes(left_of(post))["Message-ID"]
    return DSN.format(action=action, message_id=message_id).encode()


@pytest.mark.parametrize(
    ("action", "state"), [("failed", "bounced"), ("delayed", "accepted")]
)
def test_a_bounce_of_a_delivery_is_told_to_it_and_is_no_document(
    house: House, zone: Zone, post: MailServer, action: str, state: str
) -> None:
    left(house, post)
    assert state_of(bounce(post, action), came("")) == ("ignored", "report")
    assert db.session.scalars(select(Delivery.state)).all() == [state]
    assert len(documents()) == 1


def test_a_bounce_at_another_company_s_address_changes_nothing(
    house: House, zone: Zone, post: MailServer
) -> None:
    left(house, post)
    mail = send(bounce(post), "compta+elm-alder@mail.guichet.test", came(""))
    assert (mail.state, mail.reason) == ("ignored", "report")
    assert db.session.scalars(select(Delivery.state)).all() == ["accepted"]


def test_a_bounce_with_the_document_in_it_files_nothing(
    house: House, zone: Zone, post: MailServer
) -> None:
    left(house, post)
    report = message_from_bytes(bounce(post))
    parts = report.get_payload()
    assert isinstance(parts, list)
    assert isinstance(parts[-1], Message)
    parts[-1].set_payload([message_from_bytes(left_of(post))])
    assert state_of(report.as_bytes(), came("")) == ("ignored", "report")
    assert len(documents()) == 1


def test_a_bounce_in_words_alone_is_one_too(
    house: House, zone: Zone, post: MailServer
) -> None:
    message_id = message_from_bytes(left(house, post))["Message-ID"]
    raw = letter(
        sender="Mail <MAILER-DAEMON@mx.test>",
        subject="Undelivered Mail Returned to Sender",
        text=f"could not be delivered\n\nMessage-ID: {message_id}\n",
    )
    assert state_of(raw, came("")) == ("ignored", "report")
    assert db.session.scalars(select(Delivery.state)).all() == ["bounced"]


def test_a_read_receipt_is_nothing_to_look_at(house: House, zone: Zone) -> None:
    kind = b"multipart/report; report-type=disposition-notification; boundary=x"
    raw = by_dora().replace(b"text/plain", kind, 1)
    assert state_of(raw) == ("ignored", "report")


@pytest.mark.parametrize("sender", ["dora@dune.test", ""])
def test_a_paper_beside_a_report_that_somebody_sends_on_is_filed(
    house: House, zone: Zone, sender: str
) -> None:
    """A person passes its parts on; a server writes a `multipart/report`."""
    message = message_from_bytes(by_dora(PAPER))
    whole = DSN.format(action="failed", message_id="<1@else.test>").encode()
    every = message_from_bytes(whole).walk()
    kind = "message/delivery-status"
    message.attach(next(one for one in every if one.get_content_type() == kind))
    raw = signed(message.as_bytes().replace(b"\n", b"\r\n"), "dune.test")
    assert state_of(raw, came(sender)) == ("filed", "")
    assert [document.name for document in documents()] == ["a.pdf"]


# Machines


@pytest.mark.parametrize(
    "top",
    [
        "Auto-Submitted: auto-replied\n",
        "Auto-Submitted: auto-replied (vacation)\n",
        "Precedence: bulk\n",
        "Precedence: junk\n",
        "Precedence: auto_reply\n",
        "X-Autoreply: yes\n",
        "X-Autorespond: vacances\n",
        "List-Id: <news.supplier.test>\n",
    ],
)
def test_answers_of_machines_and_circulars_without_papers_are_ignored(
    house: House, zone: Zone, top: str
) -> None:
    assert state_of(by_dora(top=top)) == ("ignored", "automatic")
    assert receipts() == 0


@pytest.mark.parametrize(
    "top",
    [
        "Auto-Submitted: auto-generated\n",
        "Auto-Submitted: auto-replied\n",
        "Precedence: bulk\n",
        "List-Id: <factures.supplier.test>\n",
        "X-Auto-Response-Suppress: All\n",
        "List-Unsubscribe: <mailto:x@supplier.test>\n",
    ],
)
def test_a_paper_that_a_machine_sends_is_filed_and_not_answered(
    house: House, zone: Zone, top: str
) -> None:
    assert state_of(by_dora(PAPER, top=top)) == ("filed", "")
    assert (len(documents()), receipts()) == (1, 0)


@pytest.mark.parametrize(
    "top", ["Precedence: bulk\n", "List-Id: <f.supplier.test>\n", "X-Autoreply: yes\n"]
)
@pytest.mark.parametrize("reason", ["oversize", "damaged", "partial"])
def test_what_a_machine_sends_and_cannot_be_read_waits_for_a_person(
    house: House, zone: Zone, monkeypatch: pytest.MonkeyPatch, top: str, reason: str
) -> None:
    raw = by_dora(PAPER, top=top)
    if reason == "oversize":
        monkeypatch.setitem(current_app.config, "MAX_MAIL_MB", 0)
    elif reason == "damaged":
        monkeypatch.setattr(reading, "_open", lambda *_: None)
    else:
        raw = re.sub(rb"multipart/mixed", b"message/partial; id=1; number=1", raw)
    assert state_of(raw) == ("quarantined", reason)


def test_a_paper_from_a_machine_without_a_return_path_is_filed(
    house: House, zone: Zone
) -> None:
    assert state_of(by_dora(PAPER), came(""))[0] == "filed"
    assert receipts() == 0


def test_an_invoice_in_the_text_of_a_robot_s_mail_is_shown_to_staff(
    house: House, zone: Zone
) -> None:
    """B22: without a file, and never in silence."""
    top = "Auto-Submitted: auto-generated\n"
    assert state_of(by_dora(top=top)) == ("quarantined", "nothing_to_file")
    assert db.session.scalars(select(Notice.kind).distinct()).all() == ["quarantine"]


@pytest.mark.parametrize(
    ("hops", "files", "expected"),
    [
        (25, (PAPER,), ("filed", "")),
        (26, (PAPER,), ("quarantined", "loop")),
        (26, (), ("ignored", "loop")),
    ],
)
def test_what_has_gone_from_hand_to_hand_too_often_stops(
    house: House,
    zone: Zone,
    hops: int,
    files: tuple[tuple[str, str], ...],
    expected: tuple[str, str],
) -> None:
    top = "Received: from a by b\n" * hops
    assert state_of(by_dora(*files, top=top)) == expected


# What comes back of what we write


def mails() -> int:
    return db.session.scalar(select(func.count(InboundMail.id))) or 0


def forwarded(raw: bytes, kind: str) -> bytes:
    """The ways in which a program sends on, or sends back, what it gets."""
    message = message_from_bytes(raw)
    if kind == "as it is":
        return raw
    if kind == "as Dora's":
        message.replace_header("From", DORA)
        return bytes(message)
    text = Received("", "", "", raw).text
    headers = {
        "text": {},
        "reply": {"In-Reply-To": message["Message-ID"]},
        "references": {"References": f"<x@y.test> {message['Message-ID']}"},
        "vacation": {"Auto-Submitted": "auto-replied"},
        "list": {"List-Id": "<x.test>"},
        "junk": {"Precedence": "junk"},
    }
    new = EmailMessage()
    new["From"], new["Subject"] = DORA, f"TR: {message['Subject']}"
    new["Message-ID"] = f"<{uuid.uuid4()}@dune.test>"
    if kind == "attached":
        new.set_content("voir ci-joint")
        new.add_attachment(message)
        return bytes(new)
    for name, value in headers[kind].items():
        new[name] = value
    new.set_content("\n".join(f"> {line}" for line in text.splitlines()))
    return bytes(new)


@pytest.mark.parametrize(
    "kind",
    [
        *("as it is", "as Dora's", "text", "reply", "references", "vacation"),
        *("list", "junk", "attached"),
    ],
)
def test_a_receipt_that_is_sent_back_to_us_makes_nothing_grow(
    house: House, zone: Zone, post: MailServer, kind: str
) -> None:
    """Rounds of a mailbox that sends everything on to the collection address, each
    so late that another receipt would be allowed."""
    send(by_dora(PAPER), COMPTA)
    for round_ in range(4):
        post_notices()
        got = [m for m in post.messages if m.recipient == "dora@dune.test"]
        assert len(got) == 1, round_
        raw = forwarded(got[0].raw, kind).replace(b"\r\n", b"\n")
        send(signed(raw.replace(b"\n", b"\r\n"), "dune.test"), COMPTA)
        db.session.execute(Notice.__table__.update().values(**an_hour_before()))  # type: ignore[attr-defined]
        db.session.commit()
    assert receipts() == 1
    assert len(documents()) == 1


def an_hour_before() -> dict[str, object]:
    then = database_now() - timedelta(days=2)
    return {"created_at": then, "sent_at": then}


def test_two_collection_addresses_that_write_to_each_other_stop_at_once(
    house: House, zone: Zone
) -> None:
    for number in range(10):
        raw = letter(
            sender="X <banque+dune-alder@mail.guichet.test>", message_id=f"<{number}@x>"
        )
        assert state_of(raw) == ("ignored", "own_address")
    assert db.session.scalar(select(func.count(Notice.id))) == 0
