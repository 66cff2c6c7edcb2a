"""People in front of a browser: they sign in, open folders and drop files."""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from playwright.sync_api import (
    Browser,
    BrowserContext,
    FileChooser,
    FilePayload,
    Page,
    expect,
)

from app.seed import PASSWORD
from tests.journeys.house import House
from tests.papers import one_page_pdf

YEAR = f"Exercice {datetime.now(UTC).year}"
ACCOUNTS = {
    "claire": ("durand", "claire@durand.example"),
    "hugo": ("durand", "hugo@durand.example"),
    "sophie": ("durand", "sophie@boulangerie-martin.example"),
    "paul": ("durand", "paul@dupont-maconnerie.example"),
    "lea": ("durand", "lea@dupont-maconnerie.example"),
    "nadia": ("lefevre", "nadia@lefevre.example"),
    "operator": ("", "operateur@guichet.example"),
    "karim": ("lefevre", "karim@garage-roux.example"),
}
# A File for each {name, kind, content}, as a hand drags them over the page.
DRAGGED = """files => {
  const transfer = new DataTransfer();
  for (const {name, kind, content} of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, {type: kind}));
  }
  return transfer;
}"""

# A page whose token has aged.
STALE = """() => {
  document.querySelector("meta[name=csrf-token]").content = "rassis";
  for (const field of document.querySelectorAll("[name=csrf_token]")) {
    field.value = "rassis";
  }
}"""
MAKE_A_FOLDER = """async (name) => {
  const csrf_token = document.querySelector("meta[name=csrf-token]").content;
  const parent = location.pathname.split("/").pop();
  const body = new URLSearchParams({ name, parent, csrf_token });
  const to = location.pathname.replace(/[/][^/]+$/, "");
  const made = await fetch(to, { method: "POST", body });
  history.replaceState(null, "", made.url);
}"""


@dataclass(frozen=True)
class File:
    name: str
    content: bytes
    kind: str = "application/pdf"

    def chosen(self) -> FilePayload:
        """For a file chooser."""
        return {"name": self.name, "mimeType": self.kind, "buffer": self.content}


def pdf(name: str) -> File:
    return File(name, one_page_pdf(name))


@dataclass
class Visitor:
    """Somebody with a browser of their own."""

    house: House
    portal: str
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    choosers: list[FileChooser] = field(default_factory=list)

    def url(self, path: str = "/") -> str:
        return self.house.url(self.portal, path)

    def listen(self) -> None:
        """Keep what the browser complains of: scripts, refused styles, lost files.
        File choosers are caught from the first on, or one that comes at once is missed.
        """
        self.page.on("filechooser", lambda chooser: self.choosers.append(chooser))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda said: (
                self.complaints.append(said.text)
                if said.type in {"error", "warning"}
                else None
            ),
        )

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        self.page.goto(self.url("/login"))
        self.page.get_by_label("Adresse e-mail").fill(email)
        self.page.get_by_label("Mot de passe").fill(password)
        self.page.get_by_role("button", name="Se connecter").click()
        expect(self.page).not_to_have_url(self.url("/login"))

    def open(self, company: str, *folders: str) -> None:
        """Walk down the tree of the company, a name after the other."""
        self.page.goto(self.url(f"/companies/{company}"))
        for name in folders:
            # For the firm, the marks of a node are a part of its name.
            its_name = re.compile(rf"^{re.escape(name)}( |$)")
            self.page.get_by_role("treeitem", name=its_name).first.click()
            expect(self.title).to_have_text(name)
            self.page.wait_for_load_state()  # the scripts too

    def open_a_folder_of_its_own(self, company: str) -> None:
        """Where nobody else's journey has left anything: rows can be counted there."""
        self.open(company, "Social")
        self.page.evaluate(MAKE_A_FOLDER, f"Essai {uuid4().hex[:8]}")
        self.page.reload()

    def open_purchases(self, company: str) -> None:
        self.open(company, "Dossier comptable annuel", YEAR, "Achats")

    def open_busiest_month(self) -> None:
        """That of the purchases which holds the demonstration's documents."""
        self.open_purchases("dupont-maconnerie")
        months = self.page.locator('#tree [aria-level="4"]')
        for number in reversed(range(months.count())):
            month = months.nth(number)
            month.click()
            expect(month).to_have_attribute("aria-current", re.compile("."))
            self.page.wait_for_load_state()
            if self.page.locator("tr[data-document]").count() > 2:
                return
        raise AssertionError("no month holds documents")

    @property
    def title(self) -> Any:
        return self.page.locator("#folder-title")

    def row(self, name: str) -> Any:
        return self.page.locator("tr[data-document]").filter(has_text=name)

    def status(self, name: str) -> Any:
        return self.row(name).locator("[data-status]")

    def drop(self, *files: File) -> None:
        """Drag the files over the page and let them go."""
        for event in ("dragenter", "dragover", "drop"):
            self.hold(*files, event=event)

    def hold(self, *files: File, over: Any = None, event: str = "dragover") -> None:
        """The files are over the page, or that part of it; and nothing is let go."""
        contents = [
            {
                "name": file.name,
                "kind": file.kind,
                "content": b64encode(file.content).decode(),
            }
            for file in files
        ]
        transfer = self.page.evaluate_handle(DRAGGED, contents)
        where = over or self.page.locator("main")
        where.dispatch_event(event, {"dataTransfer": transfer})

    def result(self, name: str) -> Any:
        """The line of the file among the deposits under way."""
        return self.page.locator("#depots .deposit-row").filter(has_text=name)

    def choose(self, *files: File) -> None:
        """The button, then the files of the computer."""
        with self.page.expect_file_chooser() as chooser:
            self.page.locator("main").get_by_role("button", name="Déposer").click()
        chooser.value.set_files([file.chosen() for file in files])


def visitor(
    browser: Browser, house: House, name: str | None, portal: str = "durand", **how: Any
) -> Visitor:
    """Somebody of the demonstration, signed in; without a name, a stranger."""
    if name:
        portal = ACCOUNTS[name][0]
    how.setdefault("locale", "fr-FR")
    how.setdefault("timezone_id", "Europe/Paris")
    how.setdefault("viewport", {"width": 1440, "height": 900})
    context = browser.new_context(**how)
    context.set_default_timeout(30_000)
    somebody = Visitor(house, portal, context, context.new_page())
    somebody.listen()
    if name and "storage_state" not in how:
        somebody.sign_in(ACCOUNTS[name][1])
    return somebody
