"""«Envoyer maintenant», and the hand that clicks too often or too late."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.test_depositing import STALE
from tests.journeys.visitors import Visitor, pdf

pytestmark = pytest.mark.journey

BOT = "quickbooks+dupont-maconnerie@guichet.example"
A_TICK = 75_000


@pytest.fixture
def claire(visit: Visit) -> Visitor:
    somebody = visit("claire")
    somebody.open_purchases("dupont-maconnerie")
    return somebody


def test_two_clicks_send_each_document_once(claire: Visitor, house: House) -> None:
    file = pdf("Facture pressée – été.pdf")
    claire.choose(file)
    expect(claire.status(file.name)).to_be_visible()
    claire.page.get_by_role("button", name="Envoyer maintenant").dblclick()
    status = claire.status(file.name)
    expect(status).to_have_attribute("data-status", "validated", timeout=A_TICK)
    sent = house.sent_by(BOT)
    assert [m.file_name for m in sent].count(file.name) == 1
    assert len({m.message_id for m in sent}) == len(sent)
    assert claire.complaints == []


def test_a_page_whose_token_has_aged_still_obeys(claire: Visitor) -> None:
    claire.page.evaluate(STALE)
    claire.page.get_by_role("button", name="Envoyer maintenant").click()
    message = claire.page.locator("#messages")
    expect(message).not_to_be_empty()
    expect(message).not_to_contain_text("trop longtemps")
    claire.page.evaluate(STALE)
    claire.page.get_by_role("switch", name="QuickBooks Dépenses Express").click()
    dialog = claire.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Couper QuickBooks")
    dialog.get_by_role("button", name="Annuler").click()
    expect(dialog).to_have_count(0)
