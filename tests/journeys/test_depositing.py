"""Depositing in a browser when all is well, and when it is not: nothing is lost,
nothing is doubled, and each file says what became of it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import CDPSession, Locator, expect

from tests.journeys.conftest import Visit
from tests.journeys.visitors import File, Visitor, pdf

pytestmark = pytest.mark.journey


@pytest.fixture
def karim(visit: Visit) -> Visitor:
    somebody = visit("karim")
    somebody.open("garage-roux", "À classer")
    return somebody


@contextmanager
def answers_are_lost(visitor: Visitor) -> Iterator[None]:
    """The server does its work, and the line is cut before it can say so."""
    line: CDPSession = visitor.context.new_cdp_session(visitor.page)
    pattern = {"urlPattern": "*/documents", "requestStage": "Response"}
    line.send("Fetch.enable", {"patterns": [pattern]})

    def cut(paused: dict[str, str]) -> None:
        fault = {"requestId": paused["requestId"], "errorReason": "ConnectionReset"}
        line.send("Fetch.failRequest", fault)

    line.on("Fetch.requestPaused", cut)
    yield
    line.send("Fetch.disable")
    line.detach()


def retry(visitor: Visitor, name: str) -> None:
    visitor.result(name).get_by_role("button", name="Réessayer").click()


def summary(visitor: Visitor) -> Locator:
    return visitor.page.locator("[data-tray-summary]")


def test_the_button_takes_several_files_in_their_order(karim: Visitor) -> None:
    files = [pdf(f"Facture n°{number} – été.pdf") for number in range(1, 6)]
    karim.choose(*files)
    for file in files:
        expect(karim.result(file.name)).to_have_attribute("data-state", "ok")
        expect(karim.result(file.name)).to_contain_text("Déposé")
        expect(karim.status(file.name)).to_have_attribute("data-status", "received")
    names = karim.page.locator("#depots .deposit-name").all_text_contents()
    assert [name.strip() for name in names] == [file.name for file in files]
    expect(summary(karim)).to_have_text("5 documents déposés")
    expect(karim.page.locator("#annonces")).to_have_text("5 documents déposés")
    assert karim.complaints == []


def test_a_long_file_shows_how_far_it_is(karim: Visitor) -> None:
    line = karim.context.new_cdp_session(karim.page)
    speed = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": 600_000}
    line.send("Network.emulateNetworkConditions", {"offline": False, **speed})
    long = File("Balance longue.pdf", pdf("x").content + b"%" + b"x" * 1_800_000)
    karim.choose(long)
    going = karim.result(long.name)
    expect(going).to_have_attribute("data-state", "sending")
    expect(going).to_contain_text(re.compile(r"sur 1,8\sMo · moins de 10\ssecondes"))
    expect(going.get_by_role("progressbar", name=long.name)).to_be_visible()
    expect(summary(karim)).to_have_text("1 en cours")
    expect(going).to_have_attribute("data-state", "ok", timeout=20_000)
    expect(summary(karim)).to_have_text("1 document déposé")


def test_what_is_refused_says_why_and_does_not_stop_the_rest(karim: Visitor) -> None:
    empty, good = File("Vide.pdf", b""), pdf("Bonne.pdf")
    big = File("Trop gros.pdf", b"%PDF-1.4\n" + b"x" * 2_100_000)
    karim.drop(empty, big, good)
    expect(karim.result(empty.name)).to_have_attribute("data-state", "refused")
    expect(karim.result(empty.name)).to_contain_text("le fichier est vide (0 octet)")
    expect(karim.result(big.name)).to_contain_text(
        re.compile(r"Refusé\s: 2,1\sMo, la limite est de 2\sMo par fichier")
    )
    expect(karim.result(good.name)).to_have_attribute("data-state", "ok")
    expect(karim.row(good.name)).to_be_visible()
    expect(karim.page.locator("#annonces")).to_have_text("1 document déposé, 2 refusés")
    expect(summary(karim)).to_have_text("1 document déposé, 2 refusés")
    assert karim.row(empty.name).count() + karim.row(big.name).count() == 0


def test_a_retry_after_a_lost_answer_makes_no_double(karim: Visitor) -> None:
    file = pdf("Coupure.pdf")
    with answers_are_lost(karim):
        karim.choose(file)
        expect(karim.result(file.name)).to_have_attribute("data-state", "cut")
        expect(karim.result(file.name)).to_contain_text("Rien n’est perdu")
    retry(karim, file.name)
    expect(karim.result(file.name)).to_have_attribute("data-state", "ok")
    karim.page.reload()
    expect(karim.row("Coupure")).to_have_count(1)


def test_without_a_line_it_waits_and_goes_on_by_itself(karim: Visitor) -> None:
    file = pdf("Dans le tunnel.pdf")
    karim.context.set_offline(True)
    karim.drop(file)
    expect(karim.result(file.name)).to_have_attribute("data-state", "cut")
    expect(karim.result(file.name)).to_contain_text("Connexion interrompue à 0")
    karim.context.set_offline(False)
    expect(karim.result(file.name)).to_have_attribute("data-state", "ok")
    expect(karim.row(file.name)).to_have_count(1)


def test_two_clicks_on_the_button_open_one_chooser(karim: Visitor) -> None:
    karim.page.locator("main").get_by_role("button", name="Déposer").dblclick()
    file = pdf("Une seule fois.pdf")
    karim.drop(file)
    expect(karim.row(file.name)).to_have_count(1)
    assert len(karim.choosers) == 1
