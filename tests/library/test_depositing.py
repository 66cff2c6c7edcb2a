"""A browser's deposit, through the real route: what is kept, what is said."""

import io
import threading
import uuid
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.db import db
from app.library.deposit import deposit
from app.library.models import Document, Version
from app.library.receiving import receive, store
from app.library.trashing import trash_document
from tests.cast import PURCHASES, Browser, World, browser_at, csrf_token, signed_in
from tests.papers import one_page_pdf
from tests.statements import statements_of

HTMX = {"HX-Request": "true"}


def form(files: Sequence[tuple[bytes, str]], fields: dict[str, str]) -> bytes:
    """A body as browsers write it (Werkzeug's own leaves out an empty file's CRLF)."""
    head = b"--of-the-test\r\nContent-Disposition: form-data; "
    parts = [
        head + f'name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ] + [
        head
        + f'name="file"; filename="{name}"\r\n'.encode()
        + b"Content-Type: application/pdf\r\n\r\n"
        + content
        + b"\r\n"
        for content, name in files
    ]
    return b"".join(parts) + b"--of-the-test--\r\n"


def post(
    browser: Browser,
    url: str,
    *files: tuple[bytes, str],
    fields: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    return browser.post(
        url,
        data=form(files, fields or {}),
        content_type="multipart/form-data; boundary=of-the-test",
        headers=headers,
    )


@pytest.fixture
def url(world: World) -> str:
    folder = world.alder.folder()
    return f"/companies/{world.alder.dune.slug}/folders/{folder.id}/documents"


@pytest.fixture
def dora(app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.manager)


def documents() -> list[Document]:
    db.session.rollback()
    return list(db.session.scalars(select(Document).order_by(Document.id)))


def test_a_file_is_kept_byte_for_byte_with_its_hash(dora: Browser, url: str) -> None:
    content = one_page_pdf("Facture") + b"\x00\r\n--x" * 1000
    answer = post(dora, url, (content, "Facture n°12 – été.pdf"))
    assert answer.status_code == 303
    [document] = documents()
    assert document.name == "Facture n°12 – été.pdf"
    assert document.content_type == "application/pdf"
    version = db.session.scalars(select(Version)).one()
    with store().open(version.storage_key) as blob:
        assert blob.read() == content
    downloaded = dora.get(f"/documents/{document.id}/download")
    assert downloaded.data == content
    assert (
        "filename*=UTF-8''Facture%20n%C2%B012"
        in downloaded.headers["Content-Disposition"]
    )


def test_htmx_gets_a_result_for_its_file(dora: Browser, url: str) -> None:
    answer = post(dora, url, (one_page_pdf("a"), "a.pdf"), headers=HTMX)
    assert answer.status_code == 200
    assert "a.pdf" in answer.text
    assert "<html" not in answer.text


def test_an_empty_file_is_refused_and_the_others_are_kept(
    dora: Browser, url: str
) -> None:
    answer = post(dora, url, (b"", "vide.pdf"), (one_page_pdf("ok"), "ok.pdf"))
    assert answer.status_code == 422
    assert "vide.pdf" in answer.text
    assert "le fichier est vide" in answer.text
    assert [d.name for d in documents()] == ["ok.pdf"]


def test_a_file_over_the_limit_is_refused_with_both_sizes(
    app: Flask, dora: Browser, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_UPLOAD_MB", 1)
    answer = post(dora, url, (b"x" * 1_000_001, "gros.pdf"), headers=HTMX)
    assert answer.status_code == 413
    assert "gros.pdf" in answer.text
    assert "la limite est de 1\N{NO-BREAK SPACE}Mo" in answer.text
    assert documents() == []
    assert post(dora, url, (b"x" * 1_000_000, "juste.pdf")).status_code == 303


def test_a_program_is_refused(dora: Browser, url: str) -> None:
    answer = post(dora, url, (b"MZ\x90\x00", "facture.pdf"), headers=HTMX)
    assert answer.status_code == 422
    assert "contient un programme" in answer.text
    assert documents() == []


def test_two_files_of_one_name_stand_side_by_side(dora: Browser, url: str) -> None:
    three = [(one_page_pdf(str(n)), "image.jpg") for n in range(3)]
    answer = post(dora, url, *three)
    assert answer.status_code == 303
    names = [d.name for d in documents()]
    assert names == ["image.jpg", "image (2).jpg", "image (3).jpg"]
    assert len({d.sha256 for d in documents()}) == 3


def test_names_of_two_scripts_keep_their_own_bytes(dora: Browser, url: str) -> None:
    post(dora, url, (b"%PDF-1.4 one", "发票.pdf"), (b"%PDF-1.4 two", "收据.pdf"))
    for document, content in zip(documents(), (b"one", b"two"), strict=True):
        got = dora.get(f"/documents/{document.id}/download").data
        assert got == b"%PDF-1.4 " + content


def test_the_same_upload_sent_twice_makes_one_document(dora: Browser, url: str) -> None:
    once = {"upload_id": str(uuid.uuid4())}
    for _ in range(2):
        assert (
            post(dora, url, (one_page_pdf("a"), "a.pdf"), fields=once).status_code
            == 303
        )
    assert len(documents()) == 1


def test_the_same_upload_is_there_again_when_it_was_trashed_since(
    dora: Browser, url: str
) -> None:
    once = {"upload_id": str(uuid.uuid4())}
    file = (one_page_pdf("a"), "a.pdf")
    post(dora, url, file, fields=once)
    [first] = documents()
    dora.post(f"/documents/{first.id}/trash")
    for _ in range(2):
        assert post(dora, url, file, fields=once).status_code == 303
    assert len(documents()) == 2
    alive = select(Document.name, Document.duplicate_of_id).where(
        Document.trashed_at.is_(None), Document.id != first.id
    )
    assert db.session.execute(alive).all() == [("a.pdf", None)]


def test_a_mail_that_comes_again_brings_nothing_back_from_the_trash(
    world: World,
) -> None:
    house, once = world.alder, uuid.uuid4()
    for _ in range(2):
        done = deposit(
            receive([one_page_pdf("a")], "a.pdf"),
            into=house.folder(),
            by=None,
            channel="mail",
            kind="email",
            upload_id=once,
        )
        if not done.is_repeat:
            trash_document(done.document, by=house.staff)
        db.session.commit()
    [one] = documents()
    assert one.trashed_at is not None


def test_another_file_by_a_form_that_was_gone_back_to_is_not_taken_for_the_first(
    dora: Browser, url: str
) -> None:
    once = {"upload_id": str(uuid.uuid4())}
    files = [(one_page_pdf(str(n)), f"{n}.pdf") for n in range(4)]
    for chosen in (files[:1], files[1:2], files[:2], files[2:], files[1:2]):
        assert post(dora, url, *chosen, fields=once).status_code == 303
    kept = {document.sha256 for document in documents()}
    assert kept == {sha256(content).hexdigest() for content, _name in files}


def test_a_double_click_makes_one_document(app: Flask, world: World, url: str) -> None:
    once = {"upload_id": str(uuid.uuid4())}
    browsers = [signed_in(app, world.alder.manager) for _ in range(2)]
    barrier = threading.Barrier(2)
    statuses = []

    def click(browser: Browser) -> None:
        barrier.wait()
        answer = post(browser, url, (one_page_pdf("a"), "a.pdf"), fields=once)
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=click, args=[b]) for b in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [303, 303]
    assert len(documents()) == 1


def test_the_same_bytes_twice_are_two_documents_and_said_to_be_alike(
    dora: Browser, url: str
) -> None:
    content = one_page_pdf("a")
    post(dora, url, (content, "a.pdf"))
    answer = post(dora, url, (content, "b.pdf"), headers=HTMX)
    assert "existe déjà" in answer.text or "déjà" in answer.text
    first, second = documents()
    assert second.duplicate_of_id == first.id


def test_a_client_is_not_told_of_the_same_bytes_where_they_may_not_look(
    dora: Browser, world: World, url: str
) -> None:
    content = one_page_pdf("a")
    world.alder.drop("Secret.pdf", path="Cabinet", content=content)
    answer = post(dora, url, (content, "a.pdf"), headers=HTMX)
    assert answer.status_code == 200
    assert "déjà" not in answer.text
    assert documents()[1].duplicate_of_id
    assert "déjà" in post(dora, url, (content, "b.pdf"), headers=HTMX).text


@pytest.mark.parametrize(
    ("letters", "status", "told"),
    [
        (200, 200, None),
        (300, 200, "Son nom était trop long"),
        (10_000, 422, "nom de ce fichier est beaucoup trop long"),
    ],
)
def test_a_name_that_is_too_long_is_told(
    dora: Browser, url: str, letters: int, status: int, told: str | None
) -> None:
    name = "n" * letters + ".pdf"
    answer = post(dora, url, (one_page_pdf("a"), name), headers=HTMX)
    assert answer.status_code == status
    assert ("trop long" in answer.text) == bool(told)
    assert (told or "") in answer.text
    assert "interrompu" not in answer.text
    assert len(documents()) == (status == 200)


def test_a_wrong_folder_id_is_not_found(
    dora: Browser, world: World, app: Flask
) -> None:
    slug = world.alder.dune.slug
    elsewhere = world.alder.folder(company=world.alder.elm)
    for folder_id in (uuid.uuid4(), elsewhere.id, "not-an-id"):
        url = f"/companies/{slug}/folders/{folder_id}/documents"
        answer = post(dora, url, (b"%PDF-1.4", "a.pdf"), headers=HTMX)
        assert answer.status_code == 404
    assert documents() == []


def test_a_session_lost_meanwhile_says_so_and_keeps_nothing(
    app: Flask, world: World, url: str
) -> None:
    stranger = browser_at(app, world.alder.firm)
    answer = post(stranger, url, (b"%PDF-1.4", "a.pdf"), headers=HTMX)
    assert answer.status_code == 401
    assert "Votre session a expiré" in answer.text
    assert answer.headers["HX-Redirect"].startswith("/login")
    assert documents() == []


def test_a_token_that_is_too_old_is_told_with_a_new_one(
    app: Flask, world: World, url: str
) -> None:
    browser = signed_in(app, world.alder.manager)
    browser.token = "stale"
    answer = post(browser, url, (b"%PDF-1.4", "a.pdf"), headers=HTMX)
    assert answer.status_code == 400
    assert documents() == []
    browser.token = answer.headers["X-CSRF-Refresh"]
    assert post(browser, url, (b"%PDF-1.4", "a.pdf")).status_code == 303
    assert len(documents()) == 1


def test_a_form_without_script_may_send_its_token_after_the_file(
    app: Flask, world: World, url: str
) -> None:
    browser = signed_in(app, world.alder.manager)
    token, browser.token = browser.token, None
    data = {"file": (io.BytesIO(b"%PDF-1.4"), "a.pdf"), "csrf_token": token}
    assert browser.post(url, data=data).status_code == 303
    data = {"file": (io.BytesIO(b"%PDF-1.4"), "a.pdf"), "csrf_token": "bad"}
    assert browser.post(url, data=data).status_code == 400
    assert len(documents()) == 1


def test_nothing_chosen_is_said(dora: Browser, url: str) -> None:
    answer = post(dora, url, (b"", ""))
    assert answer.status_code == 422
    assert "Aucun fichier" in answer.text


def test_a_cut_upload_leaves_no_document(dora: Browser, url: str) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        b"\r\n%PDF-1.4 half of"
    )
    answer = dora.post(
        url,
        data=body,
        content_type="multipart/form-data; boundary=of-the-test",
        headers=HTMX,
    )
    assert answer.status_code == 400
    assert documents() == []


def test_a_folder_for_reading_only_takes_no_deposit_of_a_client(
    app: Flask, dora: Browser, world: World, url: str
) -> None:
    folder = world.alder.folder()
    folder.visibility = "read_only"
    db.session.commit()
    assert post(dora, url, (b"%PDF-1.4", "a.pdf"), headers=HTMX).status_code == 403
    ben = signed_in(app, world.alder.staff)
    assert post(ben, url, (b"%PDF-1.4", "a.pdf"), headers=HTMX).status_code == 200


def test_a_user_of_the_company_does_not_see_bank_nor_social(
    app: Flask, world: World
) -> None:
    eli = signed_in(app, world.alder.user)
    for path in (PURCHASES.replace("Achats", "Banque"), "Social", "Cabinet"):
        folder = world.alder.folder(path)
        url = f"/companies/{world.alder.dune.slug}/folders/{folder.id}"
        assert eli.get(url).status_code == 404, path
    page = eli.get(f"/companies/{world.alder.dune.slug}", follow_redirects=True).text
    assert "Social" not in page
    assert "Juridique" in page


def test_a_deposit_is_one_transaction(
    dora: Browser, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("app.delivery.planning.arrival", broken)
    with pytest.raises(RuntimeError):
        post(dora, url, (b"%PDF-1.4", "a.pdf"))
    assert documents() == []
    assert db.session.scalar(select(func.count()).select_from(Version)) == 0


def test_csrf_token_is_in_the_page(dora: Browser, world: World) -> None:
    assert csrf_token(dora, f"/companies/{world.alder.dune.slug}")


def test_a_deposit_that_is_due_takes_eight_statements(world: World) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("there the rows go in one by one")
    house = world.alder
    house.switch("on")
    folder, manager = house.folder(), house.manager
    received = receive([one_page_pdf("b.pdf")], "b.pdf")
    db.session.commit()
    said = statements_of(
        lambda: deposit(received, into=folder, by=manager, channel="web")
    )
    assert len(said) == 8, said
    assert any("INTO deliveries" in one for one in said)
