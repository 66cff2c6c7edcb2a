"""The partner applications that exist, each described by one TOML file.

Read and checked once at start: a wrong file stops it with the file, key and reason.
"""

from pathlib import Path

from app.connectors.partner import MEGABYTE, PartnerApp, Slot, Step
from app.connectors.tool_file import BadCatalogue, read

__all__ = ["MEGABYTE", "BadCatalogue", "PartnerApp", "Slot", "Step"]

FOLDER = Path(__file__).parent / "catalogue"

_apps: dict[str, PartnerApp] = {}


def load(folder: Path = FOLDER) -> dict[str, PartnerApp]:
    """Read every file of the folder. Raises BadCatalogue."""
    apps: dict[str, PartnerApp] = {}
    prefixes: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        app = read(path)
        if app.bot_prefix in prefixes:
            why = f"{app.bot_prefix!r} is taken by {prefixes[app.bot_prefix]}"
            raise BadCatalogue(path, "bot_prefix", why)
        prefixes[app.bot_prefix] = path.name
        apps[app.key] = app
    if folder == FOLDER:
        _apps.update(apps)
    return apps


def get(key: str) -> PartnerApp:
    """The application with this key. Raises KeyError."""
    return everything()[key]


def find(key: str) -> PartnerApp | None:
    return everything().get(key)


def everything() -> dict[str, PartnerApp]:
    return _apps or load()
