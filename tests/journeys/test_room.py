"""On a desk, each thing has the room that the pictures give it, whatever its name."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Visit
from tests.journeys.looking import NARROWEST
from tests.journeys.visitors import MAKE_A_FOLDER, File, pdf
from tests.pages.bad_files import pdf_of

pytestmark = pytest.mark.journey
LONG = ("Rénovation énergétique de la maison Lambert, deuxième tranche, " * 4)[:196]
ONE_WORD = ("Anticonstitutionnellement" * 8)[:196]
# Where the last four characters of a name stand, to the right of where it is cut.
ENDING_IS_CUT = """name => {
  const texts = document.createTreeWalker(name, NodeFilter.SHOW_TEXT);
  let last;
  while (texts.nextNode()) if (texts.currentNode.data.trim()) last = texts.currentNode;
  const end = last.data.trimEnd().length;
  const range = document.createRange();
  range.setStart(last, end - 4);
  range.setEnd(last, end);
  const cut = name.closest(".deposit-body, .document-title, .file-name");
  return range.getBoundingClientRect().right > cut.getBoundingClientRect().right + 1;
}"""
IS_WIDE = "document.documentElement.scrollWidth > innerWidth"
# Those whose text runs into what stands beside them.
RUNS_OVER = """nodes => nodes.filter((node, at) => {
  const [own, next] = [node, nodes[at + 1]].map(one => one?.getBoundingClientRect());
  return next && own.right > next.left + 1;
}).map(node => node.textContent.trim().slice(0, 40))"""


def box(place: Locator) -> Any:
    found = place.bounding_box()
    assert found
    return found


def right(place: Locator) -> float:
    found = box(place)
    return float(found["x"] + found["width"])


def middle(place: Locator) -> float:
    found = box(place)
    return float(found["y"] + found["height"] / 2)


def crumbs(page: Page) -> Locator:
    return page.locator(".crumbs li:visible")


def test_a_document_takes_the_whole_window(visit: Visit) -> None:
    nadia = visit("nadia")
    nadia.open_a_folder_of_its_own("garage-roux")
    nadia.drop(File("Lecture.pdf", pdf_of("Un", "Deux", "Trois")))
    nadia.row("Lecture.pdf").locator(".document-name").click()
    page = nadia.page
    expect(page.locator(".viewer-page img")).to_have_count(3, timeout=60_000)
    viewer, side = box(page.locator("#viewer")), box(page.locator(".sheet-grid"))
    assert viewer["x"] == 0
    assert viewer["x"] + viewer["width"] == pytest.approx(side["x"], abs=1)
    assert right(page.locator(".sheet-grid")) == 1440
    for part in (viewer, side):
        assert part["y"] + part["height"] == pytest.approx(900, abs=1)
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    # The pages scroll alone, below a zoom that stays.
    page.locator("#page-3").scroll_into_view_if_needed()
    zoom = box(page.get_by_role("group", name="Zoom"))
    assert zoom["y"] + zoom["height"] < 900
    # 125 % is a quarter more than 100 %.
    fit = box(page.locator("#page-1"))["width"]
    page.get_by_role("button", name="Agrandir").click()
    larger = box(page.locator("#page-1"))["width"]
    assert larger == pytest.approx(1.25 * fit, rel=0.01)
    assert nadia.complaints == []


@pytest.mark.parametrize("name", [LONG, ONE_WORD])
def test_a_long_name_pushes_nothing_out_of_its_place(visit: Visit, name: str) -> None:
    nadia = visit("nadia")
    nadia.open_a_folder_of_its_own("garage-roux")
    nadia.page.evaluate(MAKE_A_FOLDER, name)
    nadia.page.reload()
    page = nadia.page
    nadia.drop(pdf(f"{name[:190]}.pdf"))
    expect(page.locator("tr[data-document]")).to_have_count(1)
    assert not page.evaluate(IS_WIDE)
    assert crumbs(page).evaluate_all(RUNS_OVER) == []
    assert middle(crumbs(page).last) == pytest.approx(middle(crumbs(page).first), abs=1)
    # Who needs the whole of it reads it beside the list.
    heading = page.locator(".pane-title h2")
    assert heading.evaluate("node => node.scrollHeight <= node.clientHeight + 1")
    page.locator("tr[data-document] .document-name").click()
    acts = page.locator("#acts")
    expect(acts).to_be_visible()
    for width in (1440, 1100):
        page.set_viewport_size({"width": width, "height": 900})
        assert not page.evaluate(IS_WIDE)
        assert right(acts) <= width
        assert right(crumbs(page).last) <= box(page.locator(".steps"))["x"] + 1
        assert crumbs(page).evaluate_all(RUNS_OVER) == []
    page.set_viewport_size({"width": 360, "height": 740})
    heading = page.get_by_role("heading", level=1)
    assert heading.evaluate("node => node.scrollHeight <= node.clientHeight + 1")


def test_a_name_too_long_for_the_tray_keeps_its_ending(visit: Visit) -> None:
    """Of one that came and of one that was refused."""
    karim = visit("karim")
    karim.open("garage-roux", "Administratif")
    karim.drop(pdf(f"{LONG[:180]}.pdf"), File(f"{LONG[:170]}.txt", b""))
    names = karim.page.locator("#depots .deposit-name")
    expect(karim.page.locator("#depots [data-state=ok]")).to_have_count(1)
    expect(karim.page.locator("#depots [data-state=refused]")).to_have_count(1)
    for at, ending in enumerate((".pdf", ".txt")):
        expect(names.nth(at)).to_contain_text(ending)
        assert not names.nth(at).evaluate(ENDING_IS_CUT)


def test_a_name_too_long_for_the_journal_keeps_its_ending(visit: Visit) -> None:
    page = (claire := visit("claire")).page
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(claire.url("/deliveries"))
        name = page.locator(".journal-document").first
        name.locator("bdi").evaluate(
            "(stem, long) => (stem.textContent = long + stem.textContent)", LONG
        )
        assert not page.evaluate(IS_WIDE)
        assert not name.locator(".file-name").evaluate(ENDING_IS_CUT)


def test_staff_move_and_rename_a_document_from_its_line(visit: Visit) -> None:
    nadia, karim = visit("nadia"), visit("karim")
    nadia.open_a_folder_of_its_own("garage-roux")
    nadia.drop(pdf("Bail.pdf"))
    nadia.row("Bail.pdf").locator(".document-name").click()
    line = nadia.page.locator(".sheet-head")
    for act, asked in (("Déplacer", "Déplacer un document"), ("Renommer", "Renommer")):
        line.get_by_role("link", name=act, exact=True).click()
        dialog = nadia.page.get_by_role("dialog")
        expect(dialog.get_by_role("heading")).to_contain_text(asked)
        nadia.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
    # Where there is no room the menu has them, as it has a client's.
    nadia.page.set_viewport_size({"width": 1200, "height": 900})
    expect(line.get_by_role("link", name="Déplacer", exact=True)).to_be_hidden()
    karim.page.goto(nadia.page.url)
    expect(karim.page.locator("#acts")).to_be_visible()
    expect(karim.page.locator(".head-act")).to_have_count(0)


def test_all_that_a_delivery_offers_lies_within_its_story(visit: Visit) -> None:
    page = (claire := visit("claire")).page
    page.goto(claire.url("/deliveries"))
    line = page.locator(".journal-entry").filter(has_text="Inventaire chantier")
    line.locator("[data-unfold]").click()
    story = line.locator(".story")
    expect(story).to_be_visible()
    for button in story.locator(".story-acts .button").all():
        assert right(button) < right(story)


def test_escape_leaves_the_switcher_even_with_something_typed(visit: Visit) -> None:
    page = (claire := visit("claire")).page
    claire.open("dupont-maconnerie", "À classer")
    page.keyboard.press("e")
    page.keyboard.type("boul")
    expect(page.locator(".switcher-list a")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("dialog.switcher")).to_be_hidden()
    expect(page.locator("[data-switcher]")).to_be_focused()


def test_the_journal_says_how_many_states_are_chosen(visit: Visit) -> None:
    page = (claire := visit("claire")).page
    page.goto(claire.url("/deliveries"))
    page.get_by_text("Tous les états").click()
    page.get_by_label("Refusés").check()
    page.get_by_label("Incertains").check()
    chosen = page.get_by_text("État\N{NO-BREAK SPACE}: 2 sur 6")
    expect(chosen).to_be_visible()
    page.wait_for_url("**state=doubt&state=refused**")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Incertains")).to_be_hidden()
    page.reload()
    expect(chosen).to_be_visible()


@pytest.mark.parametrize("width", [1280, 1440])
def test_no_filter_of_the_journal_lies_over_what_stands_beside_it(
    visit: Visit, width: int
) -> None:
    page = (claire := visit("claire")).page
    page.set_viewport_size({"width": width, "height": 900})
    run = "2026-11-28T15:30:00%2B00:00"
    page.goto(claire.url(f"/deliveries?run={run}&days=7&state=held&state=doubt"))
    bar = box(page.locator(".journal-bar"))
    for one in page.locator(".journal-filters > :visible").all():
        found = box(one)
        is_above = found["y"] + found["height"] <= bar["y"]
        assert is_above or found["x"] + found["width"] <= bar["x"]


def test_the_row_under_the_pointer_offers_its_download(visit: Visit) -> None:
    nadia = visit("nadia")
    nadia.open_a_folder_of_its_own("garage-roux")
    nadia.drop(pdf("Gazole.pdf"))
    row = nadia.row("Gazole.pdf")
    row.hover()
    link = row.get_by_role("link", name="Télécharger Gazole.pdf")
    expect(link).to_be_visible()
    with nadia.page.expect_download() as got:
        link.click()
    assert got.value.suggested_filename == "Gazole.pdf"


def test_the_lines_of_an_import_read_well_on_a_desk_and_on_a_phone(
    visit: Visit,
) -> None:
    """A SIREN in one piece; no dash that nothing tells the meaning of."""
    page = (nadia := visit("nadia")).page
    page.goto(nadia.url("/companies/import"))
    text = f"nom;siren\n{LONG};732829320\nPharmacie du Port;\nZed;123456789\n"
    file = File("Entreprises.csv", text.encode(), "text/csv")
    page.locator("main input[type=file]").set_input_files([file.chosen()])
    page.get_by_role("button", name="Voir ce qui serait créé").click()
    for siren in ("732 829 320".replace(" ", "\N{NO-BREAK SPACE}"), "123456789"):
        found = page.get_by_role("cell", name=siren)
        high = found.evaluate("""cell => {
          const range = document.createRange();
          range.selectNodeContents(cell);
          return range.getClientRects().length;
        }""")
        assert high == 1
    expect(page.get_by_role("cell", name="–", exact=True)).not_to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 844})
    dashes = page.locator(".import-lines td:visible").filter(has_text=re.compile("^–$"))
    expect(dashes).to_have_count(0)


def test_a_name_without_a_space_sticks_out_of_no_page_about_its_document(
    visit: Visit,
) -> None:
    nadia = visit("nadia")
    nadia.open_a_folder_of_its_own("garage-roux")
    file = pdf(ONE_WORD[:190] + ".pdf")
    nadia.drop(file)
    nadia.open_a_folder_of_its_own("garage-roux")
    nadia.drop(file)  # whose page names its twin
    name = nadia.page.locator("tr[data-document] .document-name")
    address = name.get_attribute("href")
    nadia.page.set_viewport_size({"width": 320, "height": 640})
    for act in ("", "/move", "/copy", "/versions", "/describe", "/refuse", "/comments"):
        nadia.page.goto(nadia.url(f"{address}{act}"))
        assert not nadia.page.evaluate(IS_WIDE), act


def test_the_journal_s_filters_are_read_whole_on_the_narrowest_phone(
    visit: Visit,
) -> None:
    claire = visit("claire")
    page = claire.page
    page.set_viewport_size({"width": NARROWEST, "height": 740})
    page.goto(claire.url("/deliveries"))
    for select in page.locator(".journal-filters select").all():
        needed = select.evaluate("""one => {
          const copy = one.cloneNode(true);
          copy.style.cssText = "width: max-content; position: absolute";
          one.after(copy);
          const width = copy.offsetWidth;
          copy.remove();
          return width;
        }""")
        assert box(select)["width"] >= min(needed, NARROWEST - 32)
    for time in page.locator(".journal-badge time").all():
        assert right(time) <= NARROWEST - 16


def test_an_import_stands_in_the_middle_with_its_way_back(visit: Visit) -> None:
    page = (claire := visit("claire")).page
    page.set_viewport_size({"width": 1440, "height": 900})
    for path in ("/companies/import", "/apps/quickbooks/import"):
        page.goto(claire.url(path))
        lefts = {round(box(part)["x"]) for part in page.locator("main > *").all()}
        assert lefts == {round(1440 - right(page.locator(".import")))}
