"""What other products did to the names of files (bugs.md, B11 to B62), asked of ours
from the upload to the download, the list and the message."""

import re
from urllib.parse import unquote

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.delivery import tick
from app.library.models import Document, Folder, Version
from tests.cast import Browser, World, signed_in
from tests.delivery.world import document_of
from tests.library.test_depositing import documents, post as send
from tests.papers import one_page_pdf
from tests.smtp import MailServer


@pytest.fixture
def url(world: World) -> str:
    """Dune's purchases, switched on towards its tool."""
    world.alder.switch("on")
    folder = world.alder.folder()
    return f"/companies/{world.alder.dune.slug}/folders/{folder.id}/documents"


@pytest.fixture
def dora(app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.manager)


@pytest.fixture
def ada(app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.admin)


def page_of(url: str) -> str:
    return url.removesuffix("/documents")


def name_to_save(browser: Browser, document: Document) -> tuple[str, str]:
    """What a browser of today saves it as, and what one of yesterday does."""
    answer = browser.get(f"/documents/{document.id}/download")
    assert answer.status_code == 200
    said = answer.headers["Content-Disposition"]
    assert said.isascii()
    [[quoted, bare]] = re.findall(r'filename=(?:"([^"]+)"|([^;"]+))', said)
    extended = re.findall(r"filename\*=UTF-8''(\S+)", said)
    plain = quoted or bare
    return (unquote(extended[0]) if extended else plain), plain


WHOLE = ["Avis 04.04.2024.pdf", "Invoice: 12 v. 29.03.2024.pdf", "FACTURE.PDF"]


def test_b11_dots_colons_and_capitals_are_kept_and_leave(
    dora: Browser, url: str, post: MailServer
) -> None:
    files = [(one_page_pdf(name), name) for name in WHOLE]
    assert send(dora, url, *files).status_code == 303
    assert [document.name for document in documents()] == WHOLE
    assert {d.content_type for d in documents()} == {"application/pdf"}
    for document in documents():
        assert name_to_save(dora, document) == (document.name, document.name)
    tick.run()
    assert sorted(mail.file_name for mail in post.messages) == sorted(WHOLE)


@pytest.mark.parametrize("mark", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\u2028"])
def test_b17_a_control_character_in_a_name_is_taken_out(
    dora: Browser, url: str, mark: str
) -> None:
    content = one_page_pdf("a")
    answer = send(dora, url, (content, f"fac{mark}ture.pdf"))
    assert answer.status_code == 303
    [document] = documents()
    assert document.name == "facture.pdf"
    kept = db.session.scalars(select(Version.original_name)).one()
    assert "\x00" not in kept
    assert dora.get(page_of(url)).status_code == 200


def test_b17_what_looks_like_a_coded_one_is_a_name_like_others(
    dora: Browser, url: str
) -> None:
    send(dora, url, (one_page_pdf("a"), "fac%00ture.pdf"))
    [document] = documents()
    assert document.name == "fac%00ture.pdf"
    assert name_to_save(dora, document) == (document.name, "fac_00ture.pdf")


@pytest.mark.parametrize("field", ["upload_id", "csrf_token", "autre"])
def test_b17_nor_does_one_beside_the_file_break_anything(
    dora: Browser, url: str, field: str
) -> None:
    answer = send(dora, url, (one_page_pdf("a"), "a.pdf"), fields={field: "a\x00b"})
    assert answer.status_code == 303
    assert [document.name for document in documents()] == ["a.pdf"]


def test_b17_names_that_people_type_lose_it_too(
    ada: Browser, world: World, url: str
) -> None:
    done, place = world.alder.drop(), world.alder.folder("Juridique")
    for path, data in (
        (f"/documents/{done.document.id}/rename", {"name": "ba\x00il"}),
        (f"/folders/{place.id}/rename", {"name": "Dr\x00oit"}),
        (
            f"/companies/{world.alder.dune.slug}/folders",
            {"name": "Con\x00trats", "parent": str(place.id), "once": "\x00"},
        ),
    ):
        assert ada.post(path, data=data).status_code == 303
    assert document_of(done).name == "bail.pdf"
    names = set(db.session.scalars(select(Folder.name)))
    assert {"Droit", "Contrats"} <= names


@pytest.mark.parametrize(
    "typed",
    [
        "a.pdf%0D%0ABcc: x@evil.test",
        "a.pdf%0ASubject: Virement",
        "a.pdf%0D%0A%0D%0A--frontier",
        "%0D%0Aa.pdf",
        "a.%0D%0Apdf",
    ],
)
def test_b19_a_line_break_in_a_name_adds_nothing_to_the_message(
    dora: Browser, url: str, post: MailServer, typed: str
) -> None:
    send(dora, url, (one_page_pdf("a"), typed))
    [document] = documents()
    assert document.name == "a.pdf"
    tick.run()
    [mail] = post.messages
    assert mail.recipient == "purchases.dune-alder@tool.test"
    assert mail.file_name == "a.pdf"
    assert mail.content == one_page_pdf("a")
    assert mail.message["Bcc"] is None
    assert "Virement" not in str(mail.message["Subject"])


def test_b24_an_empty_file_is_told_and_never_leaves(
    dora: Browser, url: str, post: MailServer
) -> None:
    answer = send(dora, url, (b"", "vide.pdf"), (one_page_pdf("ok"), "ok.pdf"))
    assert (answer.status_code, "vide.pdf" in answer.text) == (422, True)
    tick.run()
    assert [mail.file_name for mail in post.messages] == ["ok.pdf"]


KEPT = {
    "发票.pdf": "发票.pdf",
    "фото.jpg": "фото.jpg",
    "Devis n°3 – été.pdf": "Devis n°3 – été.pdf",
    "…/../x.pdf": "x.pdf",
    "C:\\Users\\p\\été.pdf": "été.pdf",
    ".pdf": "Document sans nom.pdf",
    "فاتورة.pdf": "فاتورة.pdf",
    "🧾.pdf": "🧾.pdf",
}


def test_b42_names_of_every_script_stay_and_no_key_knows_them(
    dora: Browser, url: str
) -> None:
    for typed, kept in KEPT.items():
        content = one_page_pdf(kept)
        assert send(dora, url, (content, typed)).status_code == 303
        document = documents()[-1]
        assert document.name == kept
        assert dora.get(f"/documents/{document.id}/download").data == content
    keys = set(db.session.scalars(select(Version.storage_key)))
    assert len(keys) == len(KEPT)
    assert all(re.fullmatch(r"[0-9a-f/]+", key) for key in keys)
    listed = dora.get(page_of(url)).text
    assert all(kept in listed for kept in KEPT.values())


@pytest.mark.parametrize("name", ["image.jpg", "é" * 251 + ".pdf", "a" * 300 + ".pdf"])
@pytest.mark.parametrize("at_once", [True, False])
def test_b46_files_of_one_name_are_as_many_documents(
    dora: Browser, url: str, name: str, at_once: bool
) -> None:
    files = [(one_page_pdf(str(number)), name) for number in range(12)]
    for some in [files] if at_once else [[file] for file in files]:
        assert send(dora, url, *some).status_code == 303
    assert len({document.name for document in documents()}) == len(files)
    for document, (content, _name) in zip(documents(), files, strict=True):
        assert dora.get(f"/documents/{document.id}/download").data == content


COMPOSED, APART = "relevé.pdf", "releve\N{COMBINING ACUTE ACCENT}.pdf"


def test_b47_a_name_of_a_mac_is_the_one_of_windows(
    dora: Browser, ada: Browser, url: str
) -> None:
    for number, name in enumerate((COMPOSED, APART)):
        send(dora, url, (one_page_pdf(str(number)), name))
    assert [d.name for d in documents()] == [COMPOSED, "relevé (2).pdf"]
    for document in documents():
        assert dora.get(f"/documents/{document.id}").status_code == 200
    for typed in (COMPOSED[:6], APART[:7], "RELEVÉ"):
        found = ada.get("/deliveries", query_string={"q": typed}).text
        assert {d.name for d in documents() if d.name in found} == {
            COMPOSED,
            "relevé (2).pdf",
        }, typed


def test_b47_nor_do_two_folders_stand_side_by_side(ada: Browser, world: World) -> None:
    parent = world.alder.folder("Juridique").id
    for name in ("Été", "E\N{COMBINING ACUTE ACCENT}te\N{COMBINING ACUTE ACCENT}"):
        ada.post(
            f"/companies/{world.alder.dune.slug}/folders",
            data={"name": name, "parent": str(parent)},
        )
    made = select(Folder.name).where(Folder.parent_id == parent).order_by(Folder.id)
    assert db.session.scalars(made).all() == ["Été", "Été (2)"]


@pytest.mark.parametrize(
    "name", ["a.pdf\r\nSet-Cookie: x=1", "a\n.pdf", "a\x0b\x1f.pdf", "\r\n", "a\\b.pdf"]
)
def test_b61_a_name_that_should_not_be_there_does_not_lose_the_document(
    dora: Browser, world: World, name: str
) -> None:
    """As an older door, or a hand in the database, may have let it in."""
    done = world.alder.drop("a.pdf")
    done.document.name = name
    db.session.commit()
    saved, plain = name_to_save(dora, done.document)
    assert saved.isprintable()
    assert plain.isprintable()
    answer = dora.get(f"/documents/{done.document.id}/download")
    assert not any("x=1" in each for each in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Devis – été № 3.pdf", "Devis  ete No 3.pdf"),
        ("Смета.pdf", "document.pdf"),
        ("发票.pdf", "document.pdf"),
        ("100%41.pdf", "100_41.pdf"),
        ('le "vrai".pdf', "le 'vrai'.pdf"),
        ("a;b=c.pdf", "a;b=c.pdf"),
        ("😀.jpg", "document.jpg"),
        ("契約書", "document"),
    ],
)
def test_b62_a_name_is_saved_as_it_is_with_a_plain_one_beside_it(
    dora: Browser, world: World, name: str, plain: str
) -> None:
    saved, beside = name_to_save(dora, world.alder.drop(name).document)
    assert saved == name
    assert beside == plain
