"""Interface texts: gettext and its plural, with types."""

import flask_babel


def gettext(message: str, **values: object) -> str:
    return str(flask_babel.gettext(message, **values))


def ngettext(singular: str, plural: str, number: int, **values: object) -> str:
    return str(flask_babel.ngettext(singular, plural, number, **values))
