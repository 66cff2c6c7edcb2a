"""Every file of the catalogue is walked, and every kind of wrong file is told."""

import re
from pathlib import Path

import pytest
from flask import Flask

from app.connectors import bots, catalogue
from app.connectors.catalogue import BadCatalogue, PartnerApp
from app.connectors.categories import every_category
from app.connectors.destinations import checked_address
from app.connectors.partner import TONES, TYPE_NAMES
from tests.cast import World

ROWS = {
    *("autoentry", "dext", "email", "hubdoc", "inqom", "jefacture"),
    *("meg", "myunisoft", "pennylane", "quickbooks", "upflow"),
}
CSS = Path(__file__).parents[2] / "app/static/css/cabinet.css"
GOOD = """
key = "tool"
name = "A tool"
short_name = "Tool"
monogram = "to"
tone = "green"
category = "capture"
summary = "Takes documents"
bot_prefix = "tool"

[[slots]]
key = "purchases"
name = "Achats"
folder_kinds = ["purchases"]
usual_domain = "tool.test"

[[steps]]
key = "address"
title = "Copy it."
text = "In the settings."
"""
SLOT_AGAIN = '[[slots]]\nkey = "purchases"\nname = "B"\nfolder_kinds = []\n'
STEP_AGAIN = '[[steps]]\nkey = "address"\ntitle = "B"\ntext = "B"\n'


@pytest.fixture(params=sorted(ROWS))
def partner(request: pytest.FixtureRequest) -> PartnerApp:
    return catalogue.get(request.param)


def written(folder: Path, text: str, name: str = "tool.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_all_eleven_are_there() -> None:
    assert set(catalogue.load()) == ROWS


def test_its_bot_has_an_address_that_may_be_written_to(
    app: Flask, world: World, partner: PartnerApp
) -> None:
    for separator in bots.SEPARATORS:
        address = bots.address_of(world.alder.dune, partner, separator)
        name, _, domain = address.partition("@")
        assert checked_address(f"{name}@tool.test") == f"{name}@tool.test"
        assert domain == "mail.guichet.test"
        slug = "alder" if partner.bot_owner == "firm" else "dune-alder"
        assert name == f"{partner.bot_prefix}{separator}{slug}"


def test_its_usual_addresses_are_addresses(
    app: Flask, world: World, partner: PartnerApp
) -> None:
    for slot in partner.slots:
        usual = slot.usual_address("dupont-maconnerie")
        assert not usual or checked_address(usual) == usual
        if slot.usual_domain:
            assert checked_address(f"x@{slot.usual_domain}")


def test_it_has_words_limits_and_a_tile(partner: PartnerApp) -> None:
    assert partner.max_file_bytes >= 1_000_000
    assert partner.tone in TONES
    assert partner.category in {each.key for each in every_category()}
    assert set(partner.types) <= set(TYPE_NAMES)
    assert partner.slots
    for slot in partner.slots:
        assert slot.name
        assert partner.slot(slot.key) is slot
    for step in partner.steps:
        assert step.title
        assert step.text


def test_every_tone_has_its_colour() -> None:
    coloured = set(re.findall(r"\.tile-(\w+) \{\n  --own:", CSS.read_text("utf-8")))
    assert coloured == set(TONES)


def test_what_is_known_of_the_tools_is_kept() -> None:
    slug = "dupont"
    inqom, hubdoc, dext = (catalogue.get(k) for k in ("inqom", "hubdoc", "dext"))
    assert [slot.usual_address(slug) for slot in inqom.slots] == [
        "achat.dupont@inqombox.com",
        "vente.dupont@inqombox.com",
        "ndf.dupont@inqombox.com",
        "admin.dupont@inqombox.com",
    ]
    assert hubdoc.daily_ceiling == 300
    assert dext.largest("image/png") == 6_000_000
    assert dext.largest("application/pdf") == 14_000_000
    assert catalogue.get("myunisoft").bot_is_plain
    assert catalogue.get("quickbooks").sent_as("image/heic") == "image/jpeg"
    assert catalogue.get("autoentry").accepts("text/csv")
    assert catalogue.get("pennylane").slots[0].usual_address(slug) == ""


def test_where_nothing_is_said_the_usual_limits_hold(tmp_path: Path) -> None:
    app = catalogue.load(written(tmp_path, GOOD))["tool"]
    assert app.max_file_bytes == 14_000_000
    assert app.type_names == ("PDF", "JPEG", "PNG")
    assert (app.bot_owner, app.sender_known_by) == ("company", "from")
    assert app.envelope == "bot"
    assert (app.daily_ceiling, app.demo_url) == (None, "")


def test_everything_that_may_be_said_is_read(tmp_path: Path) -> None:
    more = (
        'bot_owner = "firm"\nbot_is_plain = true\nsender_known_by = "envelope"\n'
        "types = []\nmax_megabytes = 7.5\nmax_image_megabytes = 2\n"
        'daily_ceiling = 300\ndemo_url = "https://tool.test/demo?a=b"\n'
    )
    app = catalogue.load(written(tmp_path, more + GOOD))["tool"]
    assert (app.bot_owner, app.bot_is_plain, app.sender_known_by) == (
        *("firm", True, "envelope"),
    )
    assert app.accepts("text/csv")
    assert app.largest("text/csv") == 7_500_000
    assert app.largest("image/png") == 2_000_000
    assert (app.daily_ceiling, app.demo_url) == (300, "https://tool.test/demo?a=b")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('key = "tool"', "key = ", "tool.toml: is no TOML: .*line 2"),
        ('key = "tool"', 'key = "other"', "key: 'other' is not the name of the file"),
        ('key = "tool"', "key = 3", "key: small letters"),
        ('key = "tool"', 'key = "To ol"', "key: small letters"),
        ('key = "tool"', 'key = "own-tool"', "key: 'own-tool' is reserved"),
        ('key = "tool"', 'key = "new"', "key: 'new' is reserved"),
        ('key = "tool"', 'key = "connections"', "key: 'connections' is reserved"),
        ('key = "tool"', 'key = "mail"', "key: 'mail' is reserved"),
        ('key = "tool"', 'key = "import"', "key: 'import' is reserved"),
        ('key = "tool"', "", "key: missing"),
        ('name = "A tool"\nshort_name = "Tool"', "", "name, short_name: missing"),
        ('name = "A tool"', 'name = " "', "name: a text is needed"),
        ('name = "A tool"', "name = 1", "name: a text is needed, not 1"),
        ('name = "A tool"', f'name = "{"x" * 81}"', "name: 80 letters at most"),
        ('monogram = "to"', 'monogram = "too"', "monogram: one or two"),
        (
            'tone = "green"',
            'tone = "pink"',
            "tone: 'pink' is unknown; there are: amber",
        ),
        (
            'tone = "green"',
            'tone = "green"\ncolour = 1',
            "colour: is unknown; there are",
        ),
        ('"capture"', '"Saisie"', "category: 'Saisie' is unknown; there are: banks"),
        ('bot_prefix = "tool"', 'bot_prefix = "To"', "bot_prefix: small letters"),
        ('bot_prefix = "tool"', f'bot_prefix = "{"x" * 21}"', "bot_prefix: small"),
        ('bot_prefix = "tool"', 'bot_prefix = "a-b"', "bot_prefix: small letters"),
        ('bot_prefix = "tool"', 'bot_prefix = "compta"', "bot_prefix: .* reserved"),
        ('bot_prefix = "tool"', "bot_prefix = []", "bot_prefix: small letters"),
        ("[[slots]]", 'bot_owner = "me"\n[[slots]]', "bot_owner: 'me' is unknown"),
        ("[[slots]]", 'bot_is_plain = "yes"\n[[slots]]', "bot_is_plain: true or false"),
        ("[[slots]]", 'sender_known_by = "x"\n[[slots]]', "sender_known_by: 'x' is"),
        ("[[slots]]", 'envelope = "x"\n[[slots]]', "envelope: 'x' is unknown"),
        (
            "[[slots]]",
            'sender_known_by = "envelope"\nenvelope = "verp"\n[[slots]]',
            "envelope: 'verp' hides the sender",
        ),
        ("[[slots]]", 'types = "pdf"\n[[slots]]', "types: a list is needed"),
        ("[[slots]]", 'types = ["x/y"]\n[[slots]]', "types: 'x/y' is unknown"),
        ("[[slots]]", "types = [1]\n[[slots]]", "types: 1 is unknown"),
        (
            "[[slots]]",
            "max_megabytes = 0\n[[slots]]",
            "max_megabytes: a number above 0",
        ),
        ("[[slots]]", "max_megabytes = -1\n[[slots]]", "max_megabytes: a number above"),
        (
            "[[slots]]",
            "max_megabytes = nan\n[[slots]]",
            "max_megabytes: a number above",
        ),
        ("[[slots]]", "max_megabytes = true\n[[slots]]", "max_megabytes: a number"),
        ("[[slots]]", "max_image_megabytes = 0\n[[slots]]", "max_image_megabytes: a"),
        (
            "[[slots]]",
            "daily_ceiling = 1.5\n[[slots]]",
            "daily_ceiling: a whole number",
        ),
        ("[[slots]]", "daily_ceiling = 0\n[[slots]]", "daily_ceiling: a whole number"),
        ("[[slots]]", 'demo_url = "http://a.test"\n[[slots]]', "demo_url: an address"),
        ("[[slots]]", 'demo_url = "https://"\n[[slots]]', "demo_url: an address"),
        ("[[slots]]", 'demo_url = "https://["\n[[slots]]', "demo_url: an address"),
        ("[[slots]]", SLOT_AGAIN + "[[slots]]", "slots no. 2, key: .* is there twice"),
        ("[[steps]]", STEP_AGAIN + "[[steps]]", "steps no. 2, key: .* is there twice"),
        ('name = "Achats"', "", "slots no. 1, name: missing"),
        ('name = "Achats"', 'name = "A"\nnick = 1', "slots no. 1, nick: is unknown"),
        ('["purchases"]', '["purchase"]', "folder_kinds: 'purchase' is unknown"),
        ('["purchases"]', '"purchases"', "slots no. 1, folder_kinds: a list is needed"),
        ('["purchases"]', '["sales", "sales"]', "folder_kinds: one is there twice"),
        ('"tool.test"', '"tool"', "slots no. 1, usual_domain: a domain"),
        ('"tool.test"', '"@tool.test"', "slots no. 1, usual_domain: a domain"),
        (
            '"tool.test"',
            '"tool.test"\nusual_name = "x"',
            "usual_name: what comes before",
        ),
        (
            'usual_domain = "tool.test"',
            'usual_name = "{company}"',
            "usual_name: makes no",
        ),
        ('text = "In the settings."', "", "steps no. 1, text: missing"),
        ('title = "Copy it."', 'title = "a"\ncopy = "x"', "steps no. 1, copy: 'x' is"),
    ],
)
def test_a_wrong_file_stops_the_start_with_its_name_the_key_and_the_reason(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in GOOD
    folder = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(BadCatalogue, match=said) as told:
        catalogue.load(folder)
    assert str(told.value).startswith("tool.toml: ")


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ("slots = []", "slots: at least one is needed"),
        ('slots = "x"', "slots: a list is needed"),
        ('slots = ["x"]', r"slots no. 1: a table \[\[slots\]\] is needed"),
    ],
)
def test_a_tool_without_addresses_stops_the_start(
    tmp_path: Path, slots: str, said: str
) -> None:
    head = GOOD.partition("[[slots]]")[0]
    with pytest.raises(BadCatalogue, match=said):
        catalogue.load(written(tmp_path, head + slots))


def test_two_tools_with_the_same_bots_stop_the_start(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    written(tmp_path, GOOD.replace('key = "tool"', 'key = "zebra"'), "zebra.toml")
    said = "zebra.toml: bot_prefix: 'tool' is taken by tool.toml"
    with pytest.raises(BadCatalogue, match=said):
        catalogue.load(tmp_path)


def test_a_file_that_is_no_text_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "tool.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadCatalogue, match=r"tool\.toml: is no TOML"):
        catalogue.load(tmp_path)
