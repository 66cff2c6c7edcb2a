"""Who acts in the list by script stays there and gets the rows that changed."""

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from werkzeug.test import TestResponse

from app.db import db
from app.library.acted import FEW
from app.library.deposit import Deposited
from tests.cast import Browser, House, World, signed_in
from tests.delivery.world import document_of


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def staff(app: Flask, house: House) -> Browser:
    return signed_in(app, house.staff)


@pytest.fixture
def three(house: House) -> list[Deposited]:
    return [house.drop(f"{name}.pdf") for name in "abc"]  # shown as c, b, a


def by_script(
    house: House, query: str = "", folder: str | None = None
) -> dict[str, str]:
    here = house.folder(folder) if folder else house.folder()
    page = f"http://alder.guichet.test/companies/{house.dune.slug}/folders/{here.id}"
    return {"HX-Request": "true", "HX-Current-URL": page + query}


def url(done: Deposited, act: str) -> str:
    return f"/documents/{done.document.id}/{act}?from=list"


class Changes:
    """What the page makes of the answer."""

    def __init__(self, answer: TestResponse) -> None:
        assert answer.status_code == 200, answer.text
        assert answer.headers["HX-Retarget"] == "#messages"
        # A selector does not look into templates.
        text = answer.text.replace("<template>", "").replace("</template>", "")
        self.soup = BeautifulSoup(text, "html.parser")

    def rows(self, how: str) -> list[str]:
        """The documents whose rows are to be: morph, delete; or put in."""
        found = self.soup.select(f'tr[hx-swap-oob^="{how}"]')
        return [str(row["id"]).removeprefix("document-") for row in found]

    def put_in(self) -> list[tuple[str, str]]:
        """Where, and which."""
        return [
            (str(one["hx-swap-oob"]), row["id"].removeprefix("document-"))  # type: ignore[union-attr]
            for one in self.soup.select("tbody[hx-swap-oob]")
            for row in one.select("tr")
        ]

    def undo(self) -> tuple[str, dict[str, str]]:
        form = self.soup.select_one("form.toast-undo[hx-post]")
        assert form
        fields = {str(f["name"]): str(f["value"]) for f in form.select("input")}
        return str(form["hx-post"]), fields

    def total(self) -> str:
        found = self.soup.select_one("#folder-total[hx-swap-oob]")
        assert isinstance(found, Tag)
        return found.text.strip()


def ids(*these: Deposited) -> list[str]:
    return [str(done.document.id) for done in these]


def test_a_row_that_changes_comes_alone_with_the_counts(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    a, b, _c = three
    here = by_script(house)
    answer = Changes(staff.post(url(b, "validate"), headers=here))
    assert answer.rows("morph") == ids(b)
    assert answer.soup.select_one(f"#document-{b.document.id} [data-status=validated]")
    assert len(answer.soup.select("tr")) == 1
    assert answer.soup.select_one("#folder-counts[hx-swap-oob]")
    refused = staff.post(url(a, "refuse"), data={"reason": "Flou"}, headers=here)
    assert Changes(refused).rows("morph") == ids(a)
    assert "Flou" in refused.text
    renamed = staff.post(url(a, "rename"), data={"name": "Bail"}, headers=here)
    assert Changes(renamed).rows("morph") == ids(a)
    assert "Bail.pdf" in renamed.text


def test_a_row_that_leaves_is_taken_out_and_its_undo_puts_it_back_in_its_place(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    _a, b, c = three
    here, there = by_script(house), {"folder": house.folder("Juridique").id}
    for act, data in (("trash", {}), ("move", there)):
        gone = Changes(staff.post(url(b, act), data=data, headers=here))
        assert (gone.rows("delete"), gone.rows("morph")) == (ids(b), [])
        assert gone.total().startswith("2 ")
        path, fields = gone.undo()
        back = Changes(staff.post(path, data=fields, headers=here))
        [behind_c] = ids(c)
        assert back.put_in() == [(f"afterend:#document-{behind_c}", *ids(b))]
        assert back.total().startswith("3 ")


def test_the_first_row_comes_back_to_the_top(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    here = by_script(house)
    c = three[-1]
    path, fields = Changes(staff.post(url(c, "trash"), headers=here)).undo()
    back = Changes(staff.post(path, data=fields, headers=here))
    assert back.put_in() == [("afterbegin:#documents", *ids(c))]


def test_the_list_is_looked_at_in_its_own_order_and_from_its_own_place(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    a, b, _c = three
    here = by_script(house, "?sort=name")
    path, fields = Changes(staff.post(url(b, "trash"), headers=here)).undo()
    back = Changes(staff.post(path, data=fields, headers=here))
    [behind_a] = ids(a)
    assert back.put_in() == [(f"afterend:#document-{behind_a}", *ids(b))]


def test_the_last_row_that_leaves_brings_the_empty_table(
    staff: Browser, house: House
) -> None:
    done = house.drop()
    here = by_script(house)
    answer = Changes(staff.post(url(done, "trash"), headers=here))
    body = answer.soup.select_one('tbody#documents[hx-swap-oob="morph"]')
    assert body
    assert body.select_one(".table-empty")
    path, fields = answer.undo()
    back = Changes(staff.post(path, data=fields, headers=here))
    assert back.soup.select_one(
        f'tbody[hx-swap-oob="morph"] {"#document-"}{done.document.id}'
    )
    assert not back.soup.select("tr[hx-swap-oob]")


def acts(
    staff: Browser, house: House, these: list[Deposited], **data: object
) -> TestResponse:
    return staff.post(
        f"/companies/{house.dune.slug}/documents/acts",
        data={"id": ids(*these), "here": house.folder().id} | data,
        headers=by_script(house),
    )


def test_many_are_changed_in_place_and_undone_in_place(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    done = Changes(acts(staff, house, three[:2], act="validate"))
    assert sorted(done.rows("morph")) == sorted(ids(*three[:2]))
    path, fields = done.undo()
    undone = Changes(staff.post(path, data=fields, headers=by_script(house)))
    assert sorted(undone.rows("morph")) == sorted(ids(*three[:2]))
    moved = Changes(
        acts(staff, house, three[:2], act="move", folder=house.folder("Social").id)
    )
    assert sorted(moved.rows("delete")) == sorted(ids(*three[:2]))
    path, fields = moved.undo()
    back = Changes(staff.post(path, data=fields, headers=by_script(house)))
    assert [row for _where, row in back.put_in()] == ids(three[1], three[0])


def test_what_could_not_be_done_is_told_in_a_dialog_and_the_rest_is_shown(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    three[0].document.status = "validated"
    db.session.commit()
    answer = Changes(acts(staff, house, three[:2], act="validate"))
    assert answer.rows("morph") == ids(three[1])
    dialog = answer.soup.select_one('#dialogue[hx-swap-oob="innerHTML"] dialog')
    assert dialog
    assert "a.pdf" in dialog.text
    nothing = Changes(acts(staff, house, three[:2], act="validate"))
    assert nothing.soup.select_one("#dialogue dialog")
    assert not nothing.soup.select_one(".toast")


def test_many_rows_at_once_come_with_the_whole_body(
    staff: Browser, house: House
) -> None:
    many = [house.drop(f"{number}.pdf") for number in range(FEW + 2)]
    answer = Changes(acts(staff, house, many[:-1], act="validate"))
    body = answer.soup.select_one('tbody#documents[hx-swap-oob="morph"]')
    assert body
    assert len(body.select("tr")) == len(many)
    assert not answer.soup.select("tr[hx-swap-oob]")


@pytest.mark.parametrize("act", ["rename", "move", "copy", "refuse"])
def test_the_form_of_an_act_is_a_dialog_by_script_and_a_page_without(
    staff: Browser, house: House, three: list[Deposited], act: str
) -> None:
    plain = staff.get(url(three[0], act)).text
    assert "<html" in plain
    assert '<dialog class="dialog dialog-form"' not in plain
    answer = staff.get(url(three[0], act), headers=by_script(house))
    assert "<html" not in answer.text
    form = BeautifulSoup(answer.text, "html.parser").select_one("dialog form[hx-post]")
    assert form
    assert form["hx-post"] == form["action"]
    data = {"name": "\u200b", "folder": "x", "reason": " "}
    faulty = staff.post(str(form["action"]), data=data, headers=by_script(house))
    assert faulty.status_code == 422
    assert faulty.headers["HX-Retarget"] == "#dialogue"
    assert "<dialog" in faulty.text
    assert "<html" not in faulty.text


def test_the_folder_for_many_is_asked_for_in_a_dialog(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    answer = acts(staff, house, three, act="move")
    assert answer.headers["HX-Retarget"] == "#dialogue"
    assert answer.text.count('name="id"') == 3


@pytest.mark.parametrize("where", ["/search?q=a", "/companies/x/folders/y", ""])
def test_who_looks_at_something_else_is_led_to_the_list(
    staff: Browser, house: House, three: list[Deposited], where: str
) -> None:
    answer = staff.post(
        url(three[0], "validate"),
        headers={"HX-Request": "true", "HX-Current-URL": f"http://x{where}"},
    )
    assert answer.status_code == 204
    assert str(house.folder().id) in answer.headers["HX-Redirect"]


def test_a_list_that_the_person_may_not_see_is_not_shown(
    app: Flask, house: House
) -> None:
    client = signed_in(app, house.manager)
    done = house.drop()
    answer = client.post(url(done, "trash"), headers=by_script(house, folder="Cabinet"))
    assert answer.status_code == 204
    assert document_of(done).trashed_at is not None


def test_a_client_s_row_tells_nothing_of_the_tools(
    app: Flask, house: House, three: list[Deposited]
) -> None:
    house.switch("on")
    client = signed_in(app, house.manager)
    answer = client.post(
        url(three[0], "rename"), data={"name": "Bail"}, headers=by_script(house)
    )
    changes = Changes(answer)
    assert changes.rows("morph") == ids(three[0])
    assert "data-delivery" not in answer.text
    assert len(changes.soup.select("#folder-counts dl.counters div")) == 3


def test_without_script_the_list_comes_as_a_page(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    answer = staff.post(url(three[0], "validate"))
    assert answer.status_code == 303
    assert answer.location.endswith(f"/folders/{house.folder().id}")
