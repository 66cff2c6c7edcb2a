"""Reading one file of the catalogue (docs/connectors.md), and saying what is wrong."""

import tomllib
from pathlib import Path
from typing import Any

from app.connectors.file_keys import APP, SLOT, STEP, Key
from app.connectors.partner import MEGABYTE, PartnerApp, Slot, Step


class BadCatalogue(ValueError):
    """A file of the catalogue cannot be meant as it is."""

    def __init__(self, path: Path, key: str, why: str) -> None:
        super().__init__(f"{path.name}: {key}: {why}" if key else f"{path.name}: {why}")


def read(path: Path) -> PartnerApp:
    """Raises BadCatalogue with the file, the key and the reason."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadCatalogue(path, "", f"is no TOML: {error}") from error
    facts = _checked(path, "", given, APP)
    if facts["key"] != path.stem:
        why = f"{facts['key']!r} is not the name of the file, {path.stem!r}"
        raise BadCatalogue(path, "key", why)
    if facts["envelope"] == "verp" and facts["sender_known_by"] == "envelope":
        raise BadCatalogue(path, "envelope", "'verp' hides the sender it looks for")
    facts["slots"] = _slots(path, facts["slots"])
    facts["steps"] = _steps(path, facts["steps"])
    facts["types"] = tuple(facts["types"])
    facts["max_file_bytes"] = _as_bytes(facts.pop("max_megabytes"))
    facts["max_image_bytes"] = _as_bytes(facts.pop("max_image_megabytes"))
    return PartnerApp(**facts)


def _slots(path: Path, tables: list[Any]) -> tuple[Slot, ...]:
    found = _tables(path, "slots", tables, SLOT)
    if not found:
        raise BadCatalogue(path, "slots", "at least one is needed")
    for number, slot in enumerate(found, 1):
        slot["folder_kinds"] = tuple(slot["folder_kinds"])
        if "usual_name" in tables[number - 1] and not slot["usual_domain"]:
            where = f"slots no. {number}, usual_name"
            raise BadCatalogue(path, where, "makes no address without usual_domain")
    return tuple(Slot(**slot) for slot in found)


def _steps(path: Path, tables: list[Any]) -> tuple[Step, ...]:
    return tuple(Step(**step) for step in _tables(path, "steps", tables, STEP))


def _tables(
    path: Path, name: str, tables: list[Any], keys: dict[str, Key]
) -> list[dict[str, Any]]:
    """The tables of an array, each with a key of its own."""
    found: list[dict[str, Any]] = []
    for number, table in enumerate(tables, 1):
        where = f"{name} no. {number}"
        if not isinstance(table, dict):
            raise BadCatalogue(path, where, f"a table [[{name}]] is needed")
        facts = _checked(path, f"{where}, ", table, keys)
        if any(other["key"] == facts["key"] for other in found):
            raise BadCatalogue(
                path, f"{where}, key", f"{facts['key']!r} is there twice"
            )
        found.append(facts)
    return found


def _checked(
    path: Path, where: str, given: dict[str, Any], keys: dict[str, Key]
) -> dict[str, Any]:
    """Every key with its value or its default."""
    for name in given:
        if name not in keys:
            known = ", ".join(keys)
            raise BadCatalogue(
                path, f"{where}{name}", f"is unknown; there are: {known}"
            )
    missing = [n for n, key in keys.items() if key.is_needed and n not in given]
    if missing:
        raise BadCatalogue(path, where + ", ".join(missing), "missing")
    facts = {}
    for name, key in keys.items():
        facts[name] = given.get(name, key.default)
        why = key.fault(given[name]) if name in given else ""
        if why:
            raise BadCatalogue(path, f"{where}{name}", why)
    return facts


def _as_bytes(megabytes: float | None) -> int | None:
    return None if megabytes is None else int(megabytes * MEGABYTE)
