"""What comes between a person and the portal, a session that ended or a lost line:
the page stays, with what was typed and what was to be sent, and goes on by itself."""

import re

import pytest
from playwright.sync_api import Locator, expect

from app.seed import PASSWORD
from tests.journeys.conftest import Visit
from tests.journeys.looking import NARROWEST, PHONE, STICKING_OUT, violations, wear
from tests.journeys.visitors import STALE, File, Visitor, pdf

pytestmark = pytest.mark.journey

ANOTHER = """async () => {
  const source = document.getElementById("main");
  await htmx.ajax("GET", location.pathname, { source, swap: "none" }).catch(() => {});
}"""


@pytest.fixture
def karim(visit: Visit) -> Visitor:
    somebody = visit("karim")
    somebody.open_a_folder_of_its_own("garage-roux")
    return somebody


def door(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("dialog", name="Votre session a expiré")


def come_back(visitor: Visitor, password: str = PASSWORD) -> None:
    visitor.page.get_by_label("Mot de passe").fill(password)
    door(visitor).get_by_role("button", name="Continuer en tant que Karim").click()


def states(visitor: Visitor, files: list[File]) -> list[str | None]:
    return [visitor.result(f.name).get_attribute("data-state") for f in files]


def test_files_wait_for_who_signs_in_again_and_leave_at_once(karim: Visitor) -> None:
    files = [pdf(f"Sans session {number}.pdf") for number in range(1, 6)]
    here = karim.page.url
    karim.context.clear_cookies()
    karim.drop(*files)
    expect(door(karim)).to_contain_text(re.compile(r"Vos 5\sfichiers partiront"))
    expect(karim.page.get_by_label("Mot de passe")).to_be_focused()
    assert not set(states(karim, files)) - {"expired", "waiting"}
    come_back(karim, "pas le bon")
    expect(door(karim)).to_contain_text("Adresse ou mot de passe incorrect")
    come_back(karim)
    expect(door(karim)).to_have_count(0)
    for file in files:
        expect(karim.result(file.name)).to_have_attribute("data-state", "ok")
        expect(karim.row(file.name)).to_have_count(1)
    assert karim.page.url == here


def test_who_shuts_the_door_finds_it_again_at_the_next_try(karim: Visitor) -> None:
    file = pdf("Porte fermée.pdf")
    karim.context.clear_cookies()
    karim.drop(file)
    expect(door(karim)).to_contain_text("Votre fichier partira")
    karim.page.keyboard.press("Escape")
    expect(door(karim)).to_have_count(0)
    karim.result(file.name).get_by_role("button", name="Réessayer").click()
    come_back(karim)
    expect(karim.result(file.name)).to_have_attribute("data-state", "ok")


def test_an_act_is_done_once_its_person_is_back(karim: Visitor) -> None:
    files = [pdf("Un.pdf"), pdf("Deux.pdf"), pdf("Trois.pdf")]
    karim.drop(*files)
    for file in files:
        karim.row(file.name).get_by_role("checkbox").check()
    karim.context.clear_cookies()
    karim.page.get_by_role("button", name="Corbeille").click()
    expect(door(karim)).not_to_contain_text("partir")
    karim.page.evaluate(ANOTHER)  # refused too, and forgets nothing of the first
    come_back(karim)
    for file in files:
        expect(karim.row(file.name)).to_have_count(0)


def test_what_was_typed_is_still_there(karim: Visitor) -> None:
    file = File("Commentée.txt", b"Loyer de juin", "text/plain")
    karim.drop(file)
    karim.row(file.name).locator(".document-name").click()
    box = karim.page.get_by_label("Votre commentaire")
    box.fill("Le montant est celui de juin.")
    karim.context.clear_cookies()
    karim.page.get_by_role("button", name="Commenter").click()
    come_back(karim)
    expect(karim.page.locator(".comment-body")).to_have_text(
        "Le montant est celui de juin."
    )


def test_all_that_was_chosen_is_meant_though_the_page_is_old(karim: Visitor) -> None:
    files = [pdf("A.pdf"), pdf("B.pdf"), pdf("C.pdf")]
    karim.drop(*files)
    for file in files:
        karim.row(file.name).get_by_role("checkbox").check()
    karim.page.evaluate(STALE)
    karim.page.get_by_role("button", name="Corbeille").click()
    for file in files:
        expect(karim.row(file.name)).to_have_count(0)


def test_a_page_with_nothing_to_lose_shows_nothing_any_more(karim: Visitor) -> None:
    karim.context.clear_cookies()
    karim.page.evaluate("htmx.trigger(document.body, 'portal:look')")
    expect(karim.page).to_have_url(re.compile("/login"))


def test_the_door_can_be_read_by_everybody(karim: Visitor) -> None:
    karim.context.clear_cookies()
    karim.drop(pdf("Lisible.pdf"))
    expect(door(karim)).to_be_visible()
    for scheme in ("light", "dark"):
        wear(karim.page, scheme, PHONE)
        assert violations(karim.page, scheme) == []
    wear(karim.page, "light", {"width": NARROWEST, "height": 740})
    assert karim.page.evaluate(STICKING_OUT) == []


def test_without_a_line_a_banner_says_when_the_next_try_is(karim: Visitor) -> None:
    files = [pdf("Tunnel 1.pdf"), pdf("Tunnel 2.pdf")]
    banner = karim.page.locator(".offline")
    karim.context.set_offline(True)
    karim.drop(*files)
    expect(banner).to_contain_text("Pas de connexion")
    expect(banner).to_contain_text(
        re.compile(r"2\sdépôts en pause, reprise dans \d+\ss\.")
    )
    later = pdf("Tunnel 3.pdf")
    karim.drop(later)
    expect(banner).to_contain_text(re.compile(r"3\sdépôts en pause"))
    wear(karim.page, "light", PHONE)
    assert violations(karim.page, "light") == []
    karim.context.set_offline(False)
    for file in (*files, later):
        expect(karim.result(file.name)).to_have_attribute("data-state", "ok")
    expect(banner).to_be_hidden()


def test_the_next_try_comes_without_a_word_from_the_browser(karim: Visitor) -> None:
    file = pdf("Relais en panne.pdf")
    page = karim.page
    page.clock.install()
    page.route("**/documents", lambda route: route.abort())
    karim.drop(file)
    expect(page.locator(".offline")).to_be_visible()
    page.unroute("**/documents")
    page.clock.run_for(30_000)
    expect(karim.result(file.name)).to_have_attribute("data-state", "ok")
    expect(page.locator(".offline")).to_be_hidden()


def asked_to_rename(somebody: Visitor) -> Locator:
    """The dialog, with another name typed."""
    file = pdf("Nom.pdf")
    somebody.drop(file)
    somebody.row(file.name).focus()
    somebody.page.keyboard.press("F2")
    dialog = somebody.page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("Un autre nom, long à écrire.pdf")
    return dialog


@pytest.mark.parametrize("way", ["offline", "gateway"])
def test_an_act_without_an_answer_is_told_and_keeps_what_was_typed(
    karim: Visitor, way: str
) -> None:
    dialog = asked_to_rename(karim)

    def unanswered(on: bool) -> None:
        if way == "offline":
            karim.context.set_offline(on)
        elif on:
            bad = {"status": 502, "body": "<h1>Bad Gateway</h1>"}
            karim.page.route("**/rename*", lambda route: route.fulfill(**bad))
        else:
            karim.page.unroute_all()

    unanswered(True)
    for _ in range(2):
        dialog.locator("button[type=submit]").click()
        told = karim.page.get_by_role("alert")
        expect(told).to_contain_text("Le portail ne répond pas")
    expect(told).to_have_count(1)
    assert violations(karim.page, "light") == []
    expect(dialog.get_by_role("textbox")).to_have_value(re.compile("long à écrire"))
    unanswered(False)
    dialog.locator("button[type=submit]").click()
    expect(karim.row("Un autre nom, long à écrire.pdf")).to_be_visible()


def test_a_poll_without_an_answer_says_nothing(karim: Visitor) -> None:
    karim.page.route("**/rows*", lambda route: route.fulfill(status=502))
    karim.page.evaluate("htmx.trigger(document.body, 'portal:look')")
    karim.page.wait_for_timeout(300)
    expect(karim.page.get_by_role("alert")).to_have_count(0)


def typing_a_description(somebody: Visitor) -> Locator:
    file = pdf("Décrit.pdf")
    somebody.drop(file)
    address = somebody.row(file.name).locator(".document-name").get_attribute("href")
    somebody.page.goto(somebody.url(f"{address}/describe"))
    field = somebody.page.locator("main textarea")
    field.fill("Une phrase qui a coûté un quart d’heure.")
    return field


def kept(somebody: Visitor) -> None:
    somebody.page.get_by_role("button", name="Enregistrer").click()
    expect(somebody.page.locator("main")).to_contain_text("coûté un quart d’heure")
    expect(somebody.page.locator("main textarea[name=description]")).to_have_count(0)


@pytest.mark.parametrize("lost", ["session", "token"])
def test_a_form_that_leads_elsewhere_goes_after_its_person_is_back(
    visit: Visit, lost: str
) -> None:
    nadia = visit("nadia")
    nadia.open_a_folder_of_its_own("garage-roux")
    field = typing_a_description(nadia)
    if lost == "token":
        nadia.page.evaluate(STALE)
    else:
        nadia.context.clear_cookies()
        nadia.page.get_by_role("button", name="Enregistrer").click()
        expect(door(nadia)).to_be_visible()
        nadia.page.keyboard.press("Escape")
        expect(field).to_have_value(re.compile("quart d’heure"))
        nadia.page.get_by_role("button", name="Enregistrer").click()
        nadia.page.get_by_label("Mot de passe").fill(PASSWORD)
        door(nadia).get_by_role("button", name="Continuer").click()
        expect(nadia.page.locator("main textarea[name=description]")).to_have_count(0)
        expect(nadia.page.locator("main")).to_contain_text("quart d’heure")
        return
    kept(nadia)


def test_a_form_without_a_line_stays_with_what_was_typed(visit: Visit) -> None:
    nadia = visit("nadia")
    nadia.open_a_folder_of_its_own("garage-roux")
    field = typing_a_description(nadia)
    nadia.context.set_offline(True)
    nadia.page.get_by_role("button", name="Enregistrer").click()
    expect(nadia.page.get_by_role("alert")).to_contain_text("ne répond pas")
    expect(field).to_have_value(re.compile("quart d’heure"))
    nadia.context.set_offline(False)
    kept(nadia)


def test_a_form_is_not_sent_in_the_name_of_who_signed_in_since(visit: Visit) -> None:
    nadia = visit("nadia")
    nadia.open_a_folder_of_its_own("garage-roux")
    field = typing_a_description(nadia)
    page = nadia.page
    nadia.context.clear_cookies()
    nadia.page = nadia.context.new_page()
    nadia.sign_in("karim@garage-roux.example")
    nadia.page.close()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#messages")).to_contain_text("Quelqu’un d’autre")
    expect(field).to_have_value(re.compile("quart d’heure"))
