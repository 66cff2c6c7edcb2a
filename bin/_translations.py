"""Compares what the application says with its French catalogue: every message must
have its translation, none may be doubtful, empty, broken or said no longer."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"
MAPPING = ROOT / "babel.cfg"
FRENCH = APP / "translations/fr/LC_MESSAGES/messages.po"
KEYWORDS = DEFAULT_KEYWORDS | {"lazy_gettext": None, "lazy_ngettext": (1, 2)}
ADVICE = """\
To bring the catalogue up to date, then translate what is new:
  pybabel extract -F babel.cfg -k lazy_gettext -k lazy_ngettext:1,2 \\
    --no-location -o var/messages.pot app
  pybabel update -i var/messages.pot -d app/translations --no-fuzzy-matching \\
    --ignore-obsolete"""


def main() -> int:
    said = messages_in_source()
    if not said:
        return 0
    complaints = list(compare(said, read_catalogue()))
    for complaint in complaints:
        print(complaint)
    if complaints:
        print(f"{len(complaints)} to settle in {FRENCH.relative_to(ROOT)}\n{ADVICE}")
        return 1
    print(f"{len(said)} messages, all of them translated")
    return 0


def messages_in_source() -> dict[str, Message]:
    catalogue = Catalog()
    with MAPPING.open() as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]
    found = extract_from_dir(APP, methods, options, KEYWORDS)
    for file, line, message, comments, context in found:
        catalogue.add(
            message, None, [(f"app/{file}", line)], (), comments, context=context
        )
    return {key_of(message): message for message in catalogue if message.id}


def read_catalogue() -> Catalog:
    if not FRENCH.exists():
        return Catalog(locale="fr")
    with FRENCH.open("rb") as file:
        return read_po(file, locale="fr")


def compare(said: dict[str, Message], catalogue: Catalog) -> Iterator[str]:
    translated = {key_of(message): message for message in catalogue if message.id}
    for key, message in said.items():
        file, line = message.locations[0]
        where = f"{file}:{line}: {key!r}"
        if key not in translated:
            yield f"{where} is missing"
        else:
            for fault in faults(translated[key], catalogue):
                yield f"{where} {fault}"
    for key in sorted(translated.keys() - said.keys()):
        yield f"{key!r} is said nowhere any more"
    for message in catalogue.obsolete.values():
        yield f"{key_of(message)!r} is kept as obsolete"


def faults(message: Message, catalogue: Catalog) -> Iterator[str]:
    said = message.string
    if not said or not all([said] if isinstance(said, str) else said):
        yield "is not translated"
        return
    if message.fuzzy:
        yield "is marked fuzzy"
    for error in message.check(catalogue):
        yield f"is broken: {error}"
    if re.search(
        r"[ \u00a0\u202f]{2}", said if isinstance(said, str) else "|".join(said)
    ):
        yield "has two spaces in a row"


def key_of(message: Message) -> str:
    singular = message.id if isinstance(message.id, str) else message.id[0]
    return f"{message.context}: {singular}" if message.context else singular


if __name__ == "__main__":
    sys.exit(main())
