"""What went wrong on our side, and not at the server: it is recorded in these words,
without what the log has (addresses of ours, names of errors), and shown in a language.
"""

from app.texts import gettext as _

STORE = "the file could not be read for now"
CONVERSION = "the picture could not be converted for now"
FAULT = "an error on our side"


def in_words(said: str | None) -> str:
    """As it is shown; what a server said stays as it is."""
    known = {
        STORE: _("the file could not be read for now"),
        CONVERSION: _("the picture could not be converted for now"),
        FAULT: _("an error on our side"),
    }
    return known.get(said or "", said or "")
