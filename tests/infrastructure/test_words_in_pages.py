"""What templates say is looked up and drawn once, and stays as it would be anew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale
from jinja2 import DictLoader
from markupsafe import Markup

from app.delivery.badges import Badge
from app.library.listing import Row

BADGE = '{% from "components/icon.html" import icon %}{{ icon("x", label=label) }}'


@pytest.fixture
def drawn(app: Flask):  # type: ignore[no-untyped-def]
    with app.test_request_context():
        yield render_template_string


def test_what_is_filled_in_is_escaped(drawn) -> None:  # type: ignore[no-untyped-def]
    said = drawn("{{ _('Select %(name)s', name='<b>') }}")
    assert "&lt;b&gt;" in said


def test_a_percent_sign_is_said_twice_in_a_template(drawn) -> None:  # type: ignore[no-untyped-def]
    assert drawn("{{ _('100%% of it') }}") == "100% of it"


def test_each_language_has_its_own_words(drawn) -> None:  # type: ignore[no-untyped-def]
    said = []
    for language in ("fr", "en", "fr"):
        with force_locale(language):
            said.append(drawn("{{ _('Download') }}"))
    assert said == ["Télécharger", "Download", "Télécharger"]


def test_what_was_marked_safe_opens_no_way_for_the_same_that_was_not(drawn) -> None:  # type: ignore[no-untyped-def]
    safe = drawn(BADGE, label=Markup("<i>"))
    assert 'aria-label="<i>"' in safe
    assert 'aria-label="&lt;i&gt;"' in drawn(BADGE, label="<i>")


ROW_OF = '{% from "library/_row.html" import document_row %}{{ document_row(row, 0) }}'
ROW = Row(
    id=UUID(int=1),
    name="a.pdf",
    version=1,
    stem="a",
    extension=".pdf",
    url="/documents/1",
    depositor="Dora",
    channel="web",
    channel_label="",
    arrived_at=datetime.now(UTC),
    size=1,
    kind="pdf",
    badge=Badge("received", "", "mute", "inbox"),
    delivery=None,
    note="",
    duplicate_note="",
    is_unread=False,
    acts="copy",
)


def test_a_row_is_drawn_anew_for_whatever_differs(drawn) -> None:  # type: ignore[no-untyped-def]
    first = drawn(ROW_OF, row=ROW)
    assert drawn(ROW_OF, row=replace(ROW)) == first
    assert "data-acts" not in drawn(ROW_OF, row=replace(ROW, acts=""))
    with force_locale("en"):
        assert "Select a.pdf" in drawn(ROW_OF, row=ROW)
    assert "Select a.pdf" not in drawn(ROW_OF, row=ROW)


def test_a_row_tells_its_day_from_today(  # type: ignore[no-untyped-def]
    drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "auj." in drawn(ROW_OF, row=ROW)
    tomorrow = datetime.now(UTC).date() + timedelta(1)
    monkeypatch.setattr("app.formats.today", lambda: tomorrow)
    assert "hier" in drawn(ROW_OF, row=ROW)


LEAN = """<p>
  {% if is_on %}
    on
  {% endif %}
  <b>a</b>
</p>
<pre>
one
two</pre>"""


def test_a_page_has_no_indentation_nor_empty_lines(app: Flask) -> None:
    template = app.jinja_env.overlay(cache_size=0)
    template.loader = DictLoader({"page.html": LEAN})
    page = template.get_template("page.html")
    assert page.render() == "<p> <b>a</b>\n</p>\n<pre>\none\ntwo</pre>"
    assert page.render(is_on=True).startswith("<p> on <b>a</b>\n</p>")
