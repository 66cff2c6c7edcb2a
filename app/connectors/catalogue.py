"""The partner applications that exist, each described by one TOML file.

Read and checked once at start: a wrong file stops it with the file, key and reason.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "catalogue"
MEGABYTE = 1_000_000


class BadCatalogue(ValueError):
    """A file of the catalogue cannot be meant as it is."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path.name}: {why}")


@dataclass(frozen=True)
class Slot:
    """One address that the tool has for a company (purchases, sales…)."""

    key: str
    name: str
    # Kinds of folders that it is meant for; elsewhere the product warns.
    folder_kinds: tuple[str, ...]
    # Where the tool's addresses usually are: another domain is asked about twice.
    usual_domain: str = ""
    # The local part that the tool gives, with {company} for the slug.
    usual_name: str = "{company}"

    def usual_address(self, company_slug: str) -> str:
        """What the tool usually gives to the company; nothing where none is known."""
        name = self.usual_name.replace("{company}", company_slug)
        return f"{name}@{self.usual_domain}" if self.usual_domain else ""


@dataclass(frozen=True)
class Step:
    """Something to do on the tool's side; `copy` is destination, bot or nothing."""

    key: str
    title: str
    text: str
    copy: str = ""


@dataclass(frozen=True)
class PartnerApp:
    key: str
    name: str
    short_name: str
    monogram: str
    tone: str
    category: str
    summary: str
    bot_prefix: str
    # company: a sender for each of them; firm: one sender for all.
    bot_owner: str
    slots: tuple[Slot, ...]
    types: tuple[str, ...]
    max_file_bytes: int
    # The sender's slug holds letters and digits only.
    bot_is_plain: bool = False
    daily_ceiling: int | None = None
    steps: tuple[Step, ...] = ()

    def accepts(self, content_type: str) -> bool:
        return not self.types or content_type in self.types

    def label(self, slot: Slot) -> str:
        """The name, with the slot's where there are several."""
        return self.name if len(self.slots) == 1 else f"{self.name} · {slot.name}"

    def slot(self, key: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.key == key), None)


_apps: dict[str, PartnerApp] = {}


def load(folder: Path = FOLDER) -> dict[str, PartnerApp]:
    """Read every file of the folder. Raises BadCatalogue."""
    apps: dict[str, PartnerApp] = {}
    for path in sorted(folder.glob("*.toml")):
        app = _read(path)
        if app.key in apps:
            raise BadCatalogue(path, f"key: {app.key!r} is taken by another file")
        apps[app.key] = app
    if folder == FOLDER:
        _apps.update(apps)
    return apps


def get(key: str) -> PartnerApp:
    """The application with this key. Raises KeyError."""
    if not _apps:
        load()
    return _apps[key]


def find(key: str) -> PartnerApp | None:
    return get(key) if key in everything() else None


def everything() -> dict[str, PartnerApp]:
    return _apps or load()


def _read(path: Path) -> PartnerApp:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadCatalogue(path, str(error)) from error
    try:
        app = PartnerApp(
            slots=tuple(
                Slot(**{**slot, "folder_kinds": tuple(slot["folder_kinds"])})
                for slot in given.pop("slots")
            ),
            steps=tuple(Step(**step) for step in given.pop("steps", [])),
            types=tuple(given.pop("types", [])),
            max_file_bytes=int(given.pop("max_megabytes", 14) * MEGABYTE),
            bot_owner=given.pop("bot_owner", "company"),
            **given,
        )
    except KeyError as error:
        raise BadCatalogue(path, f"{error.args[0]}: is missing") from error
    except TypeError as error:
        raise BadCatalogue(path, str(error)) from error
    _check(path, app)
    return app


def _check(path: Path, app: PartnerApp) -> None:
    texts: dict[str, Any] = {
        name: getattr(app, name)
        for name in ("key", "name", "short_name", "monogram", "tone", "bot_prefix")
    }
    for name, value in texts.items():
        if not isinstance(value, str) or not value:
            raise BadCatalogue(path, f"{name}: a text is needed, not {value!r}")
    if not app.slots:
        raise BadCatalogue(path, "slots: at least one is needed")
    if len({slot.key for slot in app.slots}) != len(app.slots):
        raise BadCatalogue(path, "slots: two have the same key")
