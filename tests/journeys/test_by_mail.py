"""A supplier mails an invoice: it appears on the open page, leaves at the next run, and
the client sees «Validé». By SMTP from end to end; nobody touches anything."""

import smtplib
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from babel.dates import get_month_names
from playwright.sync_api import expect

from tests.collection.letters import letter
from tests.delivery.processes import wait_until
from tests.journeys.conftest import Visit
from tests.journeys.house import House
from tests.journeys.visitors import YEAR

pytestmark = pytest.mark.journey

COMPTA = "compta+dupont-maconnerie@guichet.example"
BOT = "quickbooks+dupont-maconnerie@guichet.example"
SOON = 25_000  # the page looks every eight seconds
A_TICK = 75_000
INVOICE = "Facture FO-20991 – été.pdf"


def this_month() -> str:
    month = datetime.now(ZoneInfo("Europe/Paris")).month
    name = get_month_names("wide", locale="fr")[month].capitalize()
    return f"{month:02d} – {name}"


def is_listening(house: House) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", house.inbound_port, timeout=5):
            return True
    except OSError:
        return False


def test_a_supplier_s_invoice_is_filed_sent_and_validated(
    house: House, visit: Visit
) -> None:
    wait_until(lambda: is_listening(house), 30)
    claire, paul = visit("claire"), visit("paul")
    way = ("Dossier comptable annuel", YEAR, "Achats", this_month())
    for somebody in (claire, paul):
        somebody.open("dupont-maconnerie", *way)
        somebody.page.evaluate("window.stillHere = true")

    raw = letter((INVOICE, "application/pdf"), message_id="<by-mail@supplier.test>")
    with smtplib.SMTP("127.0.0.1", house.inbound_port, timeout=30) as line:
        line.sendmail("facturation@supplier.test", [COMPTA], raw)

    for somebody in (claire, paul):
        expect(somebody.row(INVOICE)).to_be_visible(timeout=SOON)
        expect(somebody.row(INVOICE)).to_contain_text("Fournitures")
    for somebody in (claire, paul):
        status = somebody.status(INVOICE)
        expect(status).to_have_attribute("data-status", "validated", timeout=A_TICK)
        expect(status).to_contain_text("Validé")
        assert somebody.page.evaluate("window.stillHere === true")
    sent = [m for m in house.sent_by(BOT) if m.file_name == INVOICE]
    assert [m.recipient for m in sent] == ["dupont-maconnerie@qbodocs.example"]
    assert claire.complaints + paul.complaints == []
