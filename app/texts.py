"""Interface texts: gettext and its plural, with types, each looked up once."""

from functools import lru_cache

import flask_babel


def gettext(message: str, **values: object) -> str:
    text = look_up(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, number: int, **values: object) -> str:
    return look_up_plural(singular, plural, number) % {"num": number, **values}


def look_up(message: str) -> str:
    """The message in the language of the request, not yet filled in."""
    return _kept(_language(), message)


def look_up_plural(singular: str, plural: str, number: int) -> str:
    return _kept_plural(_language(), singular, plural, number)


def _language() -> str | None:
    """That of the request; None where there is none."""
    locale = flask_babel.get_locale()
    return locale.language if locale else None


@lru_cache(maxsize=4096)
def _kept(_language: str | None, message: str) -> str:
    return str(flask_babel.get_translations().ugettext(message))


@lru_cache(maxsize=4096)
def _kept_plural(_language: str | None, singular: str, plural: str, number: int) -> str:
    return str(flask_babel.get_translations().ungettext(singular, plural, number))
