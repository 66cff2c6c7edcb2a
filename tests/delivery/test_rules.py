"""The rules of the product about switches, connections and destinations, from the
arrival to the message; `SENTENCES` says where each of them is a test."""

from datetime import timedelta
from importlib import import_module

import pytest
from flask import Flask
from sqlalchemy import select

from app.connectors import apps, connecting
from app.connectors.models import Connection
from app.db import database_now, db
from app.delivery import tick
from app.delivery.models import Delivery
from app.library.deposit import Deposited
from tests.cast import PURCHASES, YEAR, House, signed_in
from tests.delivery.world import (
    AtLast,
    claimed_by_a_lost_worker,
    document_of,
    state_of,
)
from tests.papers import one_page_pdf
from tests.smtp import MailServer

SALES = PURCHASES.replace("Achats", "Ventes")
SENTENCES = {
    "arrives in a folder that is on": {
        "connectors.test_switches": [
            "test_a_document_dropped_in_a_switched_folder_is_due"
        ],
    },
    "already there when the switch comes on": {
        "connectors.test_switches": [
            "test_what_was_there_before_the_switch_never_becomes_due"
        ],
        "connectors.test_confirming": [
            "test_what_is_already_there_leaves_when_the_box_is_ticked"
        ],
        "delivery.test_by_hand_routes": ["test_staff_send_a_document_by_hand"],
    },
    "moved in from a folder that is not covered": {
        "library.test_acts": [
            "test_a_document_moved_in_from_a_folder_not_covered_is_due",
            "test_one_that_left_does_not_leave_again_by_moving",
        ],
        "delivery.test_planning": ["test_what_was_moved_in_from_elsewhere_is_due"],
    },
    "moved between covered folders": {
        "library.test_acts": [
            "test_moved_between_folders_of_one_switch_it_keeps_its_one_delivery",
            "test_moved_to_a_folder_of_another_period_it_is_carried_over",
        ],
        "delivery.test_planning": [
            "test_what_comes_again_is_due_only_if_it_never_left",
            "test_what_waits_is_carried_to_the_setting_of_its_new_folder",
        ],
    },
    "moved out, trashed or switched off before it left": {
        "library.test_acts": [
            "test_moved_out_before_it_left_it_is_cancelled",
            "test_trashed_before_it_left_it_is_cancelled_and_due_again_when_restored",
        ],
        "connectors.test_switches": [
            "test_switching_off_cancels_what_waits_and_says_why"
        ],
        "delivery.test_planning": [
            "test_what_waits_is_cancelled_and_what_is_sent_is_asked_to_stop"
        ],
        "connectors.test_confirming": [
            "test_cut_without_sending_they_are_listed_as_not_sent",
            "test_sent_before_cutting_they_leave_once_and_nothing_after_them",
        ],
    },
    "folder moved under one that is on": {
        "library.test_acts": [
            "test_a_folder_moved_under_a_switch_brings_nothing_but_what_comes_later",
            "test_a_folder_moved_out_of_a_switch_cancels_what_waits_in_it",
        ],
        "delivery.test_rules": [
            "test_a_folder_moved_under_one_that_is_on_sends_what_comes_later_only"
        ],
    },
    "same bytes twice": {
        "delivery.test_rules": [
            "test_the_same_bytes_twice_are_both_due_and_said_to_be_alike"
        ],
    },
    "restored from the trash": {
        "library.test_acts": [
            "test_restored_in_a_later_period_it_does_not_leave",
            "test_b77_a_delivered_one_that_is_restored_never_leaves_again",
            "test_a_folder_s_trashing_and_return_do_to_deliveries_as_a_document_s",
        ],
        "delivery.test_planning": [
            "test_a_restored_document_that_never_was_due_stays_so",
            "test_a_restored_document_of_an_older_period_stays_cancelled",
        ],
    },
    "renamed or validated by hand": {
        "library.test_acts": [
            "test_a_new_name_keeps_its_ending_and_is_the_one_attached"
        ],
        "delivery.test_tick": [
            "test_the_name_attached_is_the_name_shown",
            "test_what_a_person_validated_stays_theirs",
        ],
    },
    "copied": {
        "library.test_acts": ["test_a_copy_is_a_deposit_and_is_due"],
    },
    "new version before it left": {
        "library.test_acts": [
            "test_a_new_version_before_it_left_leaves_in_its_place",
            "test_a_new_version_while_the_old_one_is_sent_leaves_by_itself",
            "test_one_that_was_held_for_its_type_is_judged_anew",
        ],
    },
    "new version after it left": {
        "library.test_acts": [
            "test_a_new_version_after_it_left_is_not_sent_again",
            "test_a_new_version_of_one_that_may_have_left_changes_nothing",
        ],
    },
    "off, then on": {
        "connectors.test_switches": [
            "test_off_then_on_is_a_new_period_with_nothing_of_before"
        ],
    },
    "revoked": {
        "delivery.test_rules": [
            "test_what_a_revocation_held_leaves_when_the_same_address_is_back",
            "test_what_a_revocation_held_asks_a_person_when_the_address_is_new",
            "test_revoked_in_the_middle_of_a_run_the_rest_is_held",
        ],
    },
    "destination changed": {
        "delivery.test_rules": [
            "test_what_waits_leaves_to_the_address_that_is_there_by_then",
            "test_what_is_doubtful_never_repeats_to_a_new_address",
        ],
    },
    "refused type, too big, empty or damaged": {
        "connectors.test_switches": [
            "test_a_refused_type_is_held_with_its_reason",
            "test_a_file_too_big_for_the_tool_is_held_with_its_reason",
        ],
        "library.test_depositing": [
            "test_an_empty_file_is_refused_and_the_others_are_kept"
        ],
        "delivery.test_store": ["test_altered_bytes_never_leave_and_the_others_do"],
    },
    "rule 4: the sender": {
        "delivery.test_rules": [
            "test_the_sender_is_the_tool_s_name_with_the_company_s"
        ],
    },
    "rule 6: for the firm only": {
        "delivery.test_rules": [
            "test_the_switch_is_on_every_folder_and_for_the_firm_only"
        ],
        "library.test_marks": ["test_clients_get_no_mark"],
        "guards.test_no_trace": ["test_no_byte_that_a_client_gets_tells"],
    },
    "rule 7: the folders below": {
        "connectors.test_switches": [
            "test_a_switch_covers_the_folders_below_present_and_future",
            "test_a_folder_below_can_be_switched_off_by_hand",
            "test_the_nearest_explicit_setting_decides",
            "test_switching_a_folder_on_clears_the_settings_below_it",
        ],
        "connectors.test_switch_model": ["test_any_switches_agree_with_the_rule"],
    },
    "rule 8: where it is meant for": {
        "connectors.test_confirming": ["test_outside_what_it_is_meant_for_it_warns"],
    },
    "rule 10: validated and transmitted": {
        "delivery.test_rules": [
            "test_what_left_is_validated_and_what_is_validated_has_not_left"
        ],
    },
    "rule 11: not retroactive": {
        "connectors.test_switches": [
            "test_what_was_there_before_the_switch_never_becomes_due"
        ],
        "connectors.test_confirming": ["test_without_the_box_nothing_of_before_leaves"],
    },
    "two tools on one folder": {
        "delivery.test_rules": [
            "test_two_tools_on_one_folder_each_get_every_document_once"
        ],
    },
    "one address of several": {
        "delivery.test_rules": [
            "test_a_switch_for_one_address_of_a_tool_covers_no_other",
            "test_a_refused_address_stops_its_own_documents_only",
            "test_what_waits_for_another_address_is_not_held_with_a_refused_one",
            "test_a_refused_sender_stops_every_address_of_the_connection",
        ],
    },
    "damaged or encrypted: held at the deposit": {
        "delivery.test_duplicates": [
            "test_a_locked_pdf_is_held_with_the_remedy",
            "test_a_file_found_damaged_may_be_sent_all_the_same",
        ],
        "delivery.test_renditions": [
            "test_a_picture_that_cannot_be_read_is_held_at_the_deposit"
        ],
        "library.test_inspecting": [
            "test_what_a_file_is_like",
            "test_the_depositor_is_told_and_the_file_is_kept",
        ],
    },
    "HEIC leaves as JPEG": {
        "delivery.test_renditions": [
            "test_a_tool_without_heic_gets_the_picture_as_it_is_seen",
            "test_every_attempt_sends_the_same_bytes",
            "test_too_big_once_converted_is_held_once_and_not_tried_for_ever",
        ],
    },
    "exact duplicates held for review": {
        "delivery.test_duplicates": [
            "test_the_second_is_held_and_says_why",
            "test_a_copy_is_a_duplicate",
            "test_of_two_at_once_one_is_held",
        ],
    },
    "an end is never silent": {
        "delivery.test_settled_trail": [
            "test_no_end_is_without_a_line_in_the_trail",
        ],
        "delivery.test_alerts": ["test_no_end_is_silent"],
    },
    "every state says why, and what to do": {
        "delivery.test_explaining": [
            "test_each_says_why_and_what_to_do",
            "test_the_button_makes_it_leave",
        ],
    },
    "the proof says no more than the evidence": {
        "delivery.test_sheet": ["test_it_says_handed_over_and_never_received"],
    },
    "confirmed by the partner's server": {
        "delivery.test_hooks": [
            "test_what_the_tool_s_server_took_is_received_by_the_tool"
        ],
        "delivery.test_events": ["test_a_doubt_is_settled_and_no_second_copy_leaves"],
    },
    "a later bounce takes the automatic validation away": {
        "delivery.test_hooks": [
            "test_a_bounce_is_the_later_word_in_whatever_order_they_come"
        ],
        "mailroom.test_returns": [
            "test_what_comes_back_to_the_envelope_is_the_delivery_s_bounce"
        ],
    },
}


@pytest.mark.parametrize("rule", SENTENCES)
def test_every_rule_has_its_sentence(rule: str) -> None:
    for module, names in SENTENCES[rule].items():
        there = vars(import_module(f"tests.{module}"))
        assert set(names) <= there.keys()


def address_is(connection: Connection, address: str, slot: str = "purchases") -> None:
    connecting.set_destination(connection, slot, address, by=None)
    db.session.commit()


def revoke(house: House) -> Connection:
    connection = house.dune_connection()
    connecting.revoke(connection, by=None)
    db.session.commit()
    return connection


def recipients(smtp: MailServer) -> list[str]:
    return sorted(message.recipient for message in smtp.messages)


def states(done: Deposited) -> dict[str, tuple[str, str | None]]:
    """By slot."""
    rows = db.session.scalars(
        select(Delivery)
        .where(Delivery.document_id == done.document.id)
        .execution_options(populate_existing=True)
    )
    return {row.slot: (row.state, row.reason) for row in rows}


def test_what_a_revocation_held_leaves_when_the_same_address_is_back(
    house: House, smtp: MailServer
) -> None:
    before = house.drop("avant.pdf")
    connection = revoke(house)
    meanwhile = house.drop("pendant.pdf")
    tick.run()
    assert (state_of(before), state_of(meanwhile)) == (("held", "revoked"),) * 2
    house.connect()
    for _ in range(2):
        tick.run()
    assert [m.file_name for m in smtp.messages] == ["avant.pdf", "pendant.pdf"]
    address = house.dune_connection().destinations[0].address
    assert recipients(smtp) == [address] * 2
    assert connection.id == house.dune_connection().id


def test_what_a_revocation_held_asks_a_person_when_the_address_is_new(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    connection = revoke(house)
    address_is(connection, "new@tool.test")
    connecting.authorise(house.dune, apps.get("quickbooks"), by=house.admin)
    db.session.commit()
    assert tick.run()["claimed"] == 0
    assert state_of(done) == ("held", "address_changed")
    assert connecting.resume(house.dune_connection(), by=house.admin) == 1
    db.session.commit()
    tick.run()
    assert recipients(smtp) == ["new@tool.test"]


def test_revoked_in_the_middle_of_a_run_the_rest_is_held(
    house: House, smtp: MailServer, at_the_last_moment: AtLast
) -> None:
    drops = [house.drop(f"{n}.pdf") for n in range(3)]
    at_the_last_moment(lambda: connecting.revoke(house.dune_connection(), by=None))
    tick.run()
    assert smtp.messages == []
    assert {state_of(done) for done in drops} == {("held", "revoked")}
    house.connect()
    tick.run()
    assert sorted(m.file_name for m in smtp.messages) == ["0.pdf", "1.pdf", "2.pdf"]


def test_what_waits_leaves_to_the_address_that_is_there_by_then(
    house: House, smtp: MailServer
) -> None:
    house.drop()
    address_is(house.dune_connection(), "new@tool.test")
    tick.run()
    assert recipients(smtp) == ["new@tool.test"]


def test_what_is_doubtful_never_repeats_to_a_new_address(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")
    address_is(house.dune_connection(), "new@tool.test")
    for _ in range(2):
        tick.run()
    assert smtp.messages == []
    assert state_of(done) == ("unknown", "ambiguous")


def test_two_tools_on_one_folder_each_get_every_document_once(
    house: House, smtp: MailServer
) -> None:
    dext = house.connect("dext")
    house.switch("on", connection=dext)
    house.drop("a.pdf")
    house.drop("b.pdf")
    for _ in range(2):
        tick.run()
    left = sorted((m.sender.partition("+")[0], m.file_name) for m in smtp.messages)
    assert left == [
        ("dext", "a.pdf"),
        ("dext", "b.pdf"),
        ("quickbooks", "a.pdf"),
        ("quickbooks", "b.pdf"),
    ]
    assert len(set(smtp.ids())) == 4


def test_a_switch_for_one_address_of_a_tool_covers_no_other(house: House) -> None:
    dext = house.connect("dext")
    house.switch("on", SALES, connection=dext, slot="sales")
    assert states(house.drop(path=SALES)) == {"sales": ("pending", None)}
    house.switch("off", SALES, connection=dext, slot="purchases")
    assert states(house.drop(path=SALES)) == {"sales": ("pending", None)}


def test_a_refused_address_stops_its_own_documents_only(
    house: House, smtp: MailServer
) -> None:
    dext = house.connect("dext")
    house.switch("on", SALES, connection=dext, slot="purchases")
    refused = house.drop("refusé.pdf", SALES)
    smtp.fails("rcpt", "550 5.1.1 No such user")
    tick.run()
    house.switch("on", SALES, connection=house.dune_connection("dext"), slot="sales")
    after = house.drop("ensuite.pdf", SALES)
    tick.run()
    assert states(refused) == {"purchases": ("held", "refused")}
    assert states(after) == {
        "purchases": ("held", "refused"),
        "sales": ("accepted", None),
    }
    assert recipients(smtp) == [f"sales.{house.dune.slug}@tool.test"]
    address_is(house.dune_connection("dext"), "right@tool.test")
    tick.run()
    assert {states(done)["purchases"] for done in (refused, after)} == {
        ("accepted", None)
    }


def test_what_waits_for_another_address_is_not_held_with_a_refused_one(
    house: House, smtp: MailServer
) -> None:
    dext = house.connect("dext")
    for slot in ("purchases", "sales"):
        house.switch("on", SALES, connection=dext, slot=slot)
    done = house.drop(path=SALES)
    later = database_now() + timedelta(hours=1)
    for delivery in done.deliveries:
        if delivery.slot == "sales":
            delivery.state, delivery.not_before = "deferred", later
    db.session.commit()
    smtp.fails("rcpt", "550 5.1.1 No such user")
    tick.run()
    assert states(done) == {
        "purchases": ("held", "refused"),
        "sales": ("deferred", None),
    }


def test_a_refused_sender_stops_every_address_of_the_connection(
    house: House, smtp: MailServer
) -> None:
    dext = house.connect("dext")
    for slot in ("purchases", "sales"):
        house.switch("on", SALES, connection=dext, slot=slot)
    done = house.drop(path=SALES)
    smtp.fails("mail", "553 5.7.1 Sender not allowed")
    tick.run()
    assert states(done) == dict.fromkeys(("purchases", "sales"), ("held", "refused"))
    other_tool = house.drop("autre.pdf")
    tick.run()
    assert state_of(other_tool) == ("accepted", None)
    assert recipients(smtp) == [f"purchases.{house.dune.slug}@tool.test"]


def test_a_folder_moved_under_one_that_is_on_sends_what_comes_later_only(
    house: House,
) -> None:
    before = house.drop("avant.pdf", "Juridique")
    house.folder("Juridique").parent_id = house.folder().id
    db.session.commit()
    after = house.drop("après.pdf", f"{PURCHASES}/Juridique")
    assert states(before) == {}
    assert states(after) == {"purchases": ("pending", None)}


def test_the_same_bytes_twice_are_both_due_and_said_to_be_alike(house: House) -> None:
    first = house.drop("a.pdf", content=one_page_pdf("same"))
    second = house.drop("b.pdf", content=one_page_pdf("same"))
    assert (state_of(first), state_of(second)) == (("pending", None),) * 2
    assert document_of(second).duplicate_of_id == first.document.id


def test_the_sender_is_the_tool_s_name_with_the_company_s(
    house: House, smtp: MailServer
) -> None:
    house.drop()
    tick.run()
    (mail,) = smtp.messages
    sender = f"quickbooks+{house.dune.slug}@mail.guichet.test"
    assert mail.sender == sender
    assert sender in str(mail.message["From"])


def test_the_switch_is_on_every_folder_and_for_the_firm_only(
    app: Flask, house: House
) -> None:
    ben, dora = signed_in(app, house.staff), signed_in(app, house.manager)
    for path in (PURCHASES, "Juridique", f"Dossier comptable annuel/Exercice {YEAR}"):
        page = f"/companies/{house.dune.slug}/folders/{house.folder(path).id}"
        block = ben.get(f"{page}/switches")
        assert 'aria-label="QuickBooks Dépenses Express"' in block.text
        assert dora.get(f"{page}/switches").status_code == 404
        assert dora.get(f"{page}/switches/quickbooks/confirm").status_code == 404
        act = dora.post(f"{page}/switches/quickbooks", data={"state": "off"})
        assert act.status_code == 404
        assert "switch" not in dora.get(page).text
    assert state_of(house.drop()) == ("pending", None)


def test_what_left_is_validated_and_what_is_validated_has_not_left(
    house: House, smtp: MailServer
) -> None:
    left = house.drop("part.pdf")
    tick.run()
    by_hand = house.drop("main.pdf", "Juridique")
    by_hand.document.status = "validated"
    by_hand.document.validated_by_id = house.admin.id
    db.session.commit()
    assert document_of(left).status == "validated"
    assert document_of(left).validated_by_id is None
    assert states(left) == {"purchases": ("accepted", None)}
    assert states(by_hand) == {}
