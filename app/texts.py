"""Interface texts: gettext and its plural, with types, each looked up once."""

from functools import lru_cache
from typing import Any

import flask_babel
from flask import g
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup


def gettext(message: str, **values: object) -> str:
    text = look_up(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, number: int, **values: object) -> str:
    return look_up_plural(singular, plural, number) % {"num": number, **values}


def look_up(message: str) -> str:
    """The message in the language of the request, not yet filled in."""
    return _kept(language(), message)


def look_up_plural(singular: str, plural: str, number: int) -> str:
    return _kept_plural(language(), singular, plural, number)


@pass_eval_context
def for_pages(page: EvalContext, message: str, **values: Any) -> str:
    """`_` in templates: escapes what is filled in, and says % as %% always."""
    if not page.autoescape:
        return look_up(message) % values
    if values:
        return Markup(look_up(message)) % values  # noqa: S704 - our own text
    return _kept_for_pages(language(), message)


def language() -> str | None:
    """That of the request, or what was forced; None where there is none."""
    try:
        here = g._get_current_object()
    except RuntimeError:
        return None
    # Where Flask-Babel keeps it: a page asks some hundred times.
    kept = here.get("_flask_babel")
    locale = getattr(kept, "babel_locale", None) or flask_babel.get_locale()
    return locale.language if locale else None


@lru_cache(maxsize=4096)
def _kept(_language: str | None, message: str) -> str:
    return str(flask_babel.get_translations().ugettext(message))


@lru_cache(maxsize=4096)
def _kept_for_pages(of: str | None, message: str) -> Markup:
    return Markup(_kept(of, message)) % {}  # noqa: S704 - our own text


@lru_cache(maxsize=4096)
def _kept_plural(_language: str | None, singular: str, plural: str, number: int) -> str:
    return str(flask_babel.get_translations().ungettext(singular, plural, number))
