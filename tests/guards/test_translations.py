"""How French is written: what it is translated to, wherever a person reads it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

CATALOGUE = Path(__file__).parents[2] / "app/translations/fr/LC_MESSAGES/messages.po"
FAULTS = {
    "a straight apostrophe between letters": r"\w'\w|\b[ldnsjmctLDNSJMCT]'%",
    "a common space before a sign that wants one that does not break": r" [:;?!»]",
    "a common space after an opening quote": r"« ",
    "three dots for one": r"\.\.\.",
}


def said() -> Iterator[str]:
    with CATALOGUE.open("rb") as file:
        for message in read_po(file, locale="fr"):
            if message.id:
                one = message.string
                yield from [one] if isinstance(one, str) else one or ()


@pytest.mark.parametrize("fault", FAULTS)
def test_french_is_written_as_it_is_printed(fault: str) -> None:
    assert [text for text in said() if re.search(FAULTS[fault], text)] == []
