"""What went wrong on our side, and not at the server: it is recorded in these words,
without what the log has (addresses of ours, names of errors), and shown in a language.
So is what Python calls a line that failed: its errors' names are nobody's words.
"""

import builtins
import re
import smtplib
import socket
import ssl

from app.formats import filesize
from app.texts import gettext as _

STORE = "the file could not be read for now"
CONVERSION = "the picture could not be converted for now"
FAULT = "an error on our side"
_CUT = {"the line is closed", "the line was cut", "the line was cut again and again"}
_NAMED = re.compile(r"(\w+): ?")
_TOO_BIG = re.compile(r"(\d+) bytes, the server takes (\d+)")


def in_words(said: str | None) -> str:
    """As it is shown; what a server said stays as it is."""
    said = said or ""
    known = {
        STORE: _("the file could not be read for now"),
        CONVERSION: _("the picture could not be converted for now"),
        FAULT: _("an error on our side"),
    } | dict.fromkeys(_CUT, _("the line was cut"))
    return known.get(said) or _of_the_line(said) or _of_the_size(said) or said


def _of_the_line(said: str) -> str:
    """Of «TimeoutError: timed out» and the like."""
    begins = _NAMED.match(said)
    error = _error(begins[1]) if begins else None
    if error is None:
        return ""
    if issubclass(error, TimeoutError):
        return _("the mail server did not answer in time")
    if issubclass(error, ssl.SSLCertVerificationError):
        return _("the certificate of the mail server is not valid")
    if issubclass(error, ConnectionRefusedError | socket.gaierror):
        return _("the mail server could not be reached")
    cut = (smtplib.SMTPServerDisconnected, ConnectionError, ssl.SSLEOFError)
    if issubclass(error, cut):
        return _("the line was cut")
    return _("the line to the mail server failed")


def _error(name: str) -> type[Exception] | None:
    """One of a line, by that name; a server may well say «Error: …»."""
    for module in (builtins, smtplib, ssl, socket):
        found = getattr(module, name, None)
        if isinstance(found, type) and issubclass(
            found, OSError | smtplib.SMTPException
        ):
            return found
    return None


def _of_the_size(said: str) -> str:
    found = _TOO_BIG.fullmatch(said)
    if found is None:
        return ""
    return _(
        "%(size)s, the server takes %(largest)s",
        size=filesize(int(found[1])),
        largest=filesize(int(found[2])),
    )
