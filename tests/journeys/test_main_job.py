"""The sentence that the product is made for, through two real browsers.

Claire connects Boulangerie Martin and switches Achats on; Sophie drops files there;
they leave by themselves, one message each, and turn to «Validé» on both pages, which
nobody touches. Sophie never learns why.
"""

import json
import re
import threading
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from app.seed import PASSWORD
from tests.journeys.house import House
from tests.journeys.visitors import File, Visitor, pdf, visitor

pytestmark = pytest.mark.journey

A_TICK = 150_000  # a minute, the run and the next look, on a busy machine
BOT = "quickbooks+boulangerie-martin@guichet.example"
DESTINATION = "boulangerie-martin@qbodocs.example"
EARLIER = pdf("Relevé de septembre.pdf")
DROPPED = [
    pdf("Relevé d’avril – n°3.pdf"),
    pdf("Facture Électricité été (copie).pdf"),
    pdf("Avoir Œufs & crème 50 % ça « déjà vu ».pdf"),
]
SECRET = re.compile(
    r"quickbooks|qbodocs|\bconnect(?:eur|or)s?\b|\bautomat(?:e|es|on|isé\w*)\b|hatch|"
    r"\bcab-|cabinet\.(?:css|js)|prochain passage|à transmettre|envoi…|en attente :|"
    r"nouvel essai|message-id|\bsmtp\b|firm-block|data-delivery|role=\"switch\"",
    re.IGNORECASE,
)


@pytest.fixture(
    params=["house", pytest.param("embedded_house", marks=pytest.mark.embedded)]
)
def place(request: pytest.FixtureRequest) -> House:
    house: House = request.getfixturevalue(request.param)
    return house


@pytest.fixture
def gate(place: House) -> Iterator[threading.Event]:
    """Until it is set the mail server answers nobody: no run is over too early."""
    opened = threading.Event()
    fault = place.mail.fails("connect", call=opened.wait, times=1000)
    yield opened
    opened.set()
    fault.times = 0


@pytest.fixture
def claire(browser: Browser, place: House) -> Iterator[Visitor]:
    somebody = visitor(browser, place, "claire")
    yield somebody
    somebody.context.close()


@pytest.fixture
def sophie(browser: Browser, place: House, tmp_path: Path) -> Iterator[Visitor]:
    """Everything that her browser gets is written down."""
    somebody = visitor(
        browser,
        place,
        "sophie",
        record_har_path=tmp_path / "sophie.har",
        record_har_content="embed",
    )
    yield somebody
    somebody.context.close()


def connect(claire: Visitor) -> None:
    """The pencil, the company's switch, the address, and all of it is saved."""
    page = claire.page
    page.get_by_role("link", name="Applications").click()
    page.get_by_role("link", name="Configurer QuickBooks Dépenses Express").click()
    row = page.get_by_role("row").filter(has_text="Boulangerie Martin")
    row.get_by_role("switch").check()
    row.get_by_role("textbox").fill(f"  {DESTINATION} ")
    row.get_by_role("button", name="Enregistrer").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Votre mot de passe").fill(PASSWORD)
    dialog.get_by_role("checkbox").check()  # no usual domain
    dialog.get_by_role("button", name="Confirmer").click()
    expect(row.get_by_role("textbox")).to_have_value(DESTINATION)
    expect(row).to_contain_text(BOT)
    # Being asked for the password is a refusal, which the browser notes.
    assert all("422" in one for one in claire.complaints)
    claire.complaints.clear()


def switch_on(claire: Visitor, already_there: str) -> None:
    page = claire.page
    switch = page.get_by_role("switch", name="QuickBooks Dépenses Express")
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Pas d’effet rétroactif")
    expect(dialog).to_contain_text(already_there)
    expect(dialog).to_contain_text(DESTINATION)
    expect(switch).to_have_attribute("aria-checked", "false")
    dialog.get_by_role("button", name="Activer").click()
    expect(dialog).to_be_hidden()
    expect(switch).to_have_attribute("aria-checked", "true")


def stay(*visitors: Visitor) -> None:
    """From here on a reload would be noticed."""
    for somebody in visitors:
        somebody.page.evaluate("window.stillHere = true")


def assert_stayed(*visitors: Visitor) -> None:
    for somebody in visitors:
        assert somebody.page.evaluate("window.stillHere === true")


def received_by(har: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(address, headers and body) of every answer in the record."""
    for entry in har["log"]["entries"]:
        answer = entry["response"]
        head = "\n".join(f"{h['name']}: {h['value']}" for h in answer["headers"])
        body = answer["content"].get("text", "")
        if answer["content"].get("encoding") == "base64":
            body = b64decode(body).decode("utf-8", "replace")
        yield entry["request"]["url"], f"{answer['statusText']}\n{head}\n{body}"


def test_what_a_client_drops_leaves_and_turns_to_validated(
    place: House,
    claire: Visitor,
    sophie: Visitor,
    gate: threading.Event,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    sophie.open_purchases("boulangerie-martin")
    sophie.choose(EARLIER)
    expect(sophie.status(EARLIER.name)).to_have_attribute("data-status", "received")

    connect(claire)
    claire.open_purchases("boulangerie-martin")
    expect(claire.row(EARLIER.name)).to_be_visible()
    switch_on(claire, "1 document déjà présent ne partira pas")
    assert claire.page.locator("[data-status=pending]").count() == 0

    stay(claire, sophie)
    sophie.drop(*DROPPED)
    for file in DROPPED:
        expect(sophie.status(file.name)).to_have_attribute("data-status", "received")
        expect(sophie.status(file.name)).to_have_text(re.compile("Reçu"))
    assert place.sent_by(BOT) == []

    gate.set()
    if request.node.callspec.params["place"] == "house":
        # An impatient hand: each document leaves once all the same.
        claire.page.get_by_role("button", name="Envoyer maintenant").dblclick()
    for somebody in (sophie, claire):
        for file in DROPPED:
            status = somebody.status(file.name)
            expect(status).to_have_attribute("data-status", "validated", timeout=A_TICK)
            expect(status).to_contain_text("Validé")
        expect(somebody.status(EARLIER.name)).to_have_attribute(
            "data-status", "received"
        )
    assert_stayed(claire, sophie)
    assert claire.complaints + sophie.complaints == []

    check_messages(place, DROPPED)
    check_her_document_page(sophie)
    sophie.context.close()
    check_the_record(tmp_path / "sophie.har")


def check_messages(place: House, files: list[File]) -> None:
    """One each, from the company's own address, with the bytes that were dropped."""
    messages = place.sent_by(BOT)
    assert {m.file_name: m.content for m in messages} == {
        file.name: file.content for file in files
    }
    assert len(messages) == len(files)
    assert {m.recipient for m in messages} == {DESTINATION}
    assert all(BOT in str(m.message["From"]) for m in messages)
    assert len({m.message_id for m in messages}) == len(files)


def check_her_document_page(sophie: Visitor) -> None:
    """What she may look at afterwards tells her no more."""
    sophie.row(DROPPED[0].name).locator(".document-name").click()
    expect(sophie.page.locator("main")).to_contain_text("Validé")
    sophie.page.goto(sophie.url("/"))
    expect(sophie.page.locator("main")).to_contain_text(DROPPED[0].name)
    assert not SECRET.search(sophie.page.content())
    for path in ("/apps", "/apps/quickbooks"):
        answer = sophie.page.goto(sophie.url(path))
        assert answer is not None
        assert answer.status == 404


def check_the_record(file: Path) -> None:
    """Not one byte of what her browser ever got says how it happens."""
    answers = dict(received_by(json.loads(file.read_text())))
    assert len(answers) > 15
    told = {url: SECRET.findall(text) for url, text in answers.items()}
    assert {url: words for url, words in told.items() if words} == {}
