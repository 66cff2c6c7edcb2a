"""The file of an import as a request brings it: uploaded, or carried by the page."""

import base64
import binascii

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from app.connectors.csv_reading import too_large
from app.errors import Refused
from app.extensions import csrf
from app.texts import gettext as _

MOST_BODY_BYTES = 4_000_000  # the file in base64, and its lines' marks


def the_file() -> bytes:
    """What was uploaded, or what the page carries; the CSRF token is checked first."""
    request.max_content_length = request.max_form_memory_size = MOST_BODY_BYTES
    try:
        csrf.protect()
    except RequestEntityTooLarge as error:
        raise too_large() from error
    uploaded = request.files.get("file")
    if uploaded:
        return bytes(uploaded.read())
    try:
        raw = base64.b64decode(request.form.get("content", ""), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw and not uploaded:
        raise Refused(_("Choose the file first."), "file")
    return raw
