"""The tree kept down to the folders of a name, as each person may see it."""

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.library.trashing import trash_folder
from tests.cast import PURCHASES, Browser, House, World, signed_in
from tests.statements import statements_of


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def url(house: House, path: str = PURCHASES) -> str:
    return f"/companies/{house.dune.slug}/folders/{house.folder(path).id}"


def tree(browser: Browser, house: House, name: str) -> list[tuple[int, str]]:
    """The level and the name of each folder that is shown."""
    headers = {"HX-Request": "true"}
    page = browser.get(
        f"{url(house)}/tree", query_string={"tree": name}, headers=headers
    )
    return shown(page.text)


def shown(page: str) -> list[tuple[int, str]]:
    found = BeautifulSoup(page, "html.parser").select("#tree [role=treeitem]")
    return [
        (int(str(node["aria-level"])), node.select(".tree-name")[0].get_text())
        for node in found
    ]


def test_folders_are_found_wherever_they_lie_each_with_what_it_lies_in(
    ada: Browser, house: House
) -> None:
    *ways, last = tree(ada, house, "achats")
    assert [level for level, _name in ways] == [1, 2]
    assert last == (3, "Achats")


@pytest.mark.parametrize("name", ["ACHATS", "àchâts", "  achats ", "cha", "ats ach"])
def test_neither_accents_nor_case_nor_the_order_of_words_matter(
    ada: Browser, house: House, name: str
) -> None:
    assert tree(ada, house, name)[-1] == (3, "Achats")


def test_what_nobody_has_says_so_and_nothing_typed_shows_the_usual_tree(
    ada: Browser, house: House
) -> None:
    page = ada.get(f"{url(house)}/tree?tree=zzz", headers={"HX-Request": "true"})
    assert "Aucun dossier ne porte ce nom." in page.text
    usual = shown(ada.get(url(house)).text)
    for nothing in ("", "  "):
        assert tree(ada, house, nothing) == usual
    assert tree(ada, house, "%") == tree(ada, house, "_") == []
    assert tree(ada, house, "\0") == tree(ada, house, "\u200b") == []


def test_a_client_is_told_of_no_folder_that_they_may_not_see(
    app: Flask, ada: Browser, house: House
) -> None:
    make = {"name": "Note sur Achats", "parent": house.folder("Cabinet").id}
    ada.post(f"/companies/{house.dune.slug}/folders", data=make)
    assert (1, "Cabinet") in tree(ada, house, "achats")
    for person in (house.manager, house.user):
        browser = signed_in(app, person)
        assert tree(browser, house, "cabinet") == []
        assert (1, "Cabinet") not in tree(browser, house, "achats")
    assert tree(signed_in(app, house.manager), house, "banque") != []
    assert tree(signed_in(app, house.user), house, "banque") == []


def test_what_is_in_the_trash_is_not_found(ada: Browser, house: House) -> None:
    folder = house.folder("Juridique")
    assert tree(ada, house, "juridique") == [(1, "Juridique")]
    trash_folder(folder, by=house.admin)
    assert tree(ada, house, "juridique") == []


def test_for_the_firm_the_marks_of_switches_are_those_of_the_whole_tree(
    ada: Browser, house: House
) -> None:
    house.switch("on")
    headers = {"HX-Request": "true"}
    page = ada.get(f"{url(house)}/tree?tree=achats", headers=headers).text
    assert page.count('class="cab-plug"') == 1


def test_without_script_the_page_comes_with_that_tree(
    ada: Browser, house: House
) -> None:
    asked = ada.get(f"{url(house, 'Juridique')}/tree?tree=achats")
    assert asked.status_code == 302
    page = ada.get(asked.location).text
    assert shown(page)[-1] == (3, "Achats")
    assert 'value="achats"' in page


def test_it_costs_the_same_however_many_are_found(ada: Browser, house: House) -> None:
    def asking(name: str) -> int:
        return len(statements_of(lambda: tree(ada, house, name)))

    assert asking("achats") == asking("a")
