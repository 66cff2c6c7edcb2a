"""The proof sheet: all that is recorded, nothing more, the same for the same state."""

import io
import json
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import update

from app.activity.models import Entry
from app.activity.recording import digest, seal_everything, sealed_words
from app.activity.verifying import broken_links
from app.companies.models import Company
from app.db import db
from app.delivery import by_hand, tick
from app.delivery.bouncing import bounced
from app.delivery.models import MailEvent
from app.delivery.sheet import sheet
from app.delivery.sheet_pdf import sheet_pdf
from app.firms.models import Firm
from app.library.deposit import Deposited
from app.library.models import Document
from app.library.receiving import receive
from app.library.replacing import replace
from tests.cast import House, World, signed_in
from tests.delivery.world import change, delivery_of
from tests.papers import one_page_pdf
from tests.smtp import MailServer

LONG = "Facture de la maçonnerie œuvre n° " + "é" * 200 + ".pdf"


def sheet_of(done: Deposited) -> dict[str, Any]:
    db.session.expire_all()
    return sheet(db.session.get_one(Document, done.document.id))


def text_of(paper: bytes) -> str:
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(paper)).pages]
    return " ".join(" ".join(pages).replace("\xa0", " ").split())


def squeezed(text: str) -> str:
    """Without spaces: a long word may be cut at the end of a line."""
    return "".join(text.split())


def test_what_left_is_told_with_all_its_evidence(
    house: House, post: MailServer
) -> None:
    done = house.drop("Facture été.pdf")
    tick.run()
    shown = sheet_of(done)
    [sent] = shown["deliveries"]
    delivery = delivery_of(done)
    assert shown["document"]["sha256"] == done.document.sha256
    assert shown["document"]["deposited_by"] == "Dora Dune"
    assert shown["document"]["deposited_at"]["utc"].endswith("Z")
    assert shown["document"]["deposited_at"]["paris"][-6:] in {"+01:00", "+02:00"}
    assert (sent["message_id"], sent["state"]) == (delivery.message_id, "accepted")
    assert sent["destination"] == "purchases.dune-alder@tool.test"
    assert sent["sender"] == "quickbooks+dune-alder@mail.guichet.test"
    assert sent["due"]["folder"] == "Achats"
    assert sent["due"]["opened_by"] == "Ada Martin"
    assert sent["due"]["arrival"]["kind"] == "upload"
    [attempt] = sent["attempts"]
    assert (attempt["phase"], attempt["code"]) == ("done", 250)
    assert attempt["bytes"] > 0
    assert [letter.sender for letter in post.messages] == [sent["sender"]]


def test_it_says_handed_over_and_never_received(house: House) -> None:
    done = house.drop()
    tick.run()
    said = json.dumps(sheet_of(done), ensure_ascii=False).lower()
    assert "remis au serveur de messagerie" in said
    assert "reçu par l" not in said
    assert "horodatage électronique qualifié" in said


def test_the_page_gives_the_reply_with_its_code(app: Flask, house: House) -> None:
    done = house.drop()
    tick.run()
    reply = delivery_of(done)
    page = signed_in(app, house.staff).get(f"/documents/{done.document.id}").text
    assert reply.last_code == 250
    assert f"<dd>250 {reply.last_text}</dd>" in page


def test_every_line_can_be_sealed_again_from_the_sheet(house: House) -> None:
    done = house.drop()
    tick.run()
    shown = sheet_of(done)
    assert {line["verb"] for line in shown["trail"]} >= {"deposited", "transmitted"}
    for line in shown["trail"]:
        entry = db.session.query(Entry).filter_by(position=line["position"]).one()
        assert line["sealed"]["position"] == line["position"]
        assert digest(line["sha256_before"], sealed_words(entry)) == line["sha256"]
    assert shown["chain_head"]["position"] >= shown["trail"][-1]["position"]
    assert not list(broken_links(house.firm.id))


def test_a_line_that_is_not_sealed_yet_says_so(house: House) -> None:
    done = house.drop()
    [line] = [x for x in sheet_of(done)["trail"] if x["verb"] == "deposited"]
    assert (line["position"], line["sha256"], line["sealed"]) == (None, None, None)
    seal_everything()
    [line] = [x for x in sheet_of(done)["trail"] if x["verb"] == "deposited"]
    assert line["position"] >= 1


def test_what_never_left_has_its_sheet_too(world: World) -> None:
    done = world.alder.drop()
    world.alder.switch("on")
    shown = sheet_of(done)
    assert shown["deliveries"] == []
    assert [reason["state"] for reason in shown["never_due"]] == ["before_switch"]
    assert "rien n’est parti" in text_of(sheet_pdf(shown))


def test_what_a_person_marked_is_not_said_to_be_handed_over(house: House) -> None:
    done = house.drop()
    change(done, state="failed", reason="refused")
    by_hand.mark_received(delivery_of(done), by=house.staff)
    db.session.commit()
    shown = sheet_of(done)
    assert "remis" not in shown["summary"]
    assert "marqué comme reçu" in shown["summary"]


@pytest.mark.parametrize("state", ["failed", "cancelled", "held", "deferred"])
def test_what_may_have_arrived_is_not_said_to_be_kept_back(
    house: House, state: str
) -> None:
    """Its first copy went unanswered, whatever became of the second one."""
    done = house.drop()
    change(done, state=state, reason="refused", ambiguous=1)
    [sent] = sheet_of(done)["deliveries"]
    assert "peut-être arrivé" in sent["statement"]


def test_by_hand_says_by_whom(house: House) -> None:
    done = house.drop(path="Social")
    connection = house.dune_connection()
    version = delivery_version(done)
    by_hand.transmit(done.document, version, connection, "purchases", by=house.staff)
    db.session.commit()
    [sent] = sheet_of(done)["deliveries"]
    assert (sent["due"]["by"], sent["due"]["person"]) == ("hand", "Ben Petit")
    assert [act["verb"] for act in sent["by_hand"]] == ["transmit_asked"]


def delivery_version(done: Deposited) -> Any:
    from app.library.models import Version

    return db.session.query(Version).filter_by(document_id=done.document.id).one()


def test_what_came_back_is_told(house: House) -> None:
    done = house.drop()
    tick.run()
    delivery = delivery_of(done)
    db.session.add(
        MailEvent(
            provider="postmark",
            event_id="e1",
            kind="bounced",
            delivery_id=delivery.id,
            said="550 Mailbox unknown",
            raw="{}",
        )
    )
    bounced(delivery, "550 Mailbox unknown")
    db.session.commit()
    [sent] = sheet_of(done)["deliveries"]
    assert sent["state"] == "bounced"
    assert [event["text"] for event in sent["came_back"]] == ["550 Mailbox unknown"]
    assert "revenu" in sent["statement"]


def test_what_came_back_was_handed_over_whatever_a_person_did_about_it(
    house: House,
) -> None:
    done = house.drop()
    tick.run()
    bounced(delivery_of(done), "550 Mailbox unknown")
    db.session.commit()
    for _ in range(2):
        shown = sheet_of(done)
        [sent] = shown["deliveries"]
        assert sent["left_at"]
        assert "revenu" in sent["statement"]
        assert "revenu" in shown["summary"]
        by_hand.call_off(delivery_of(done), by=house.staff)
        db.session.commit()
    assert sent["state"] == "cancelled"


def test_a_new_version_of_what_was_asked_for_by_hand_says_so_too(
    house: House,
) -> None:
    done = house.drop(path="Social")
    connection = house.dune_connection()
    version = delivery_version(done)
    by_hand.transmit(done.document, version, connection, "purchases", by=house.staff)
    change(done, state="failed", reason="refused")
    replace(done.document, receive([one_page_pdf("2")], "2.pdf"), by=house.manager)
    db.session.commit()
    found = [
        (sent["state"], sent["due"]["by"], sent["due"]["text"])
        for sent in sheet_of(done)["deliveries"]
    ]
    assert [(state, by) for state, by, _text in found] == [
        ("failed", "hand"),
        ("pending", "hand"),
    ]
    assert all("Ben Petit" in text for *_rest, text in found)


def test_the_paper_says_the_same_page_after_page(house: House) -> None:
    done = house.drop(LONG)
    tick.run()
    shown = sheet_of(done)
    paper = sheet_pdf(shown)
    text = squeezed(text_of(paper))
    [sent] = shown["deliveries"]
    for told in (
        *(done.document.sha256, sent["message_id"], sent["destination"]),
        *(sent["sender"], "CabinetAlder", "Page1sur2", "Page2sur2", "DoraDune"),
        *(shown["chain_head"]["sha256"], shown["trail"][0]["sha256"]),
        squeezed(LONG),
    ):
        assert told in text, told


def test_the_same_state_gives_the_same_bytes(house: House) -> None:
    done = house.drop()
    tick.run()
    assert sheet_pdf(sheet_of(done)) == sheet_pdf(sheet_of(done))
    first = sheet_pdf(sheet_of(done))
    db.session.execute(update(Company).values(name="Another"))
    db.session.commit()
    assert sheet_pdf(sheet_of(done)) != first


def test_fonts_are_in_the_file(house: House) -> None:
    paper = sheet_pdf(sheet_of(house.drop()))
    fonts: Any = PdfReader(io.BytesIO(paper)).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    for font in fonts.values():
        found = font.get_object()
        assert "/FontFile2" in found["/FontDescriptor"], found["/BaseFont"]


@pytest.mark.parametrize("colour", ["#ffee00", "#000000", "#14533f"])
def test_any_brand_is_drawn(house: House, colour: str) -> None:
    db.session.execute(update(Firm).values(brand_colour=colour, name="Æ" * 120))
    db.session.commit()
    assert sheet_pdf(sheet_of(house.drop("中 文 <b>&amp;.pdf"))).startswith(b"%PDF")


def test_what_the_font_has_not_is_written_by_its_number(house: House) -> None:
    text = squeezed(text_of(sheet_pdf(sheet_of(house.drop("中 <b>&.pdf")))))
    assert "[U+4E2D]" in text
    assert "&.pdf" in text


def test_the_firm_takes_it_away_and_nobody_else(app: Flask, world: World) -> None:
    house = world.alder
    done = house.drop()
    for kind in ("pdf", "json"):
        url = f"/deliveries/proof/{done.document.id}.{kind}"
        answer = signed_in(app, house.staff).get(url)
        assert (answer.status_code, answer.content_type) == (
            200,
            f"application/{kind}",
        )
        assert "no-store" in answer.headers["Cache-Control"]
        for person in (house.manager, house.user, world.birch.admin):
            assert signed_in(app, person).get(url).status_code == 404
    elsewhere = house.drop(company=house.elm)
    url = f"/deliveries/proof/{elsewhere.document.id}.json"
    assert signed_in(app, house.staff).get(url).status_code == 404, "not his company"


def test_the_operator_prints_it(app: Flask, house: House, tmp_path: Any) -> None:
    done = house.drop()
    tick.run()
    run = app.test_cli_runner().invoke
    printed = run(args=["proof", str(done.document.id)])
    assert json.loads(printed.stdout)["document"]["id"] == str(done.document.id)
    paper = tmp_path / "sheet.pdf"
    assert (
        run(args=["proof", str(done.document.id), "--pdf", str(paper)]).exit_code == 0
    )
    assert done.document.sha256 in squeezed(text_of(paper.read_bytes()))
    assert run(args=["proof", "00000000-0000-0000-0000-000000000000"]).exit_code == 1
