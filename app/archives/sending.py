"""A ZIP on its way to a browser while it is made; what is not in it says so in it."""

from collections.abc import Iterator

from flask import Response

from app.archives.gathering import Item
from app.archives.zipping import Zip, local, text_part
from app.db import db, utc_now
from app.library.receiving import store
from app.library.sending_out import as_attachment
from app.texts import gettext as _

README = "LISEZ-MOI.txt"


def as_zip(items: list[Item], name: str) -> Response:
    """The first bytes leave at once. The session is not needed any more then."""
    storage, now = store(), local(utc_now())
    parts = [item.part(storage) for item in items]
    intro = _("These documents could not be read and are missing or cut short:")
    outro = _("Please download them again later, one by one.")
    db.session.commit()

    def flow() -> Iterator[bytes]:
        made = Zip()
        for part in parts:
            yield from made.add(part)
        if made.missing:
            text = "\r\n".join([intro, "", *made.missing, "", outro, ""])
            yield from made.add(text_part(README, now, text.encode("utf-8-sig")))
        yield from made.close()

    response = Response(flow(), content_type="application/zip", direct_passthrough=True)
    response.headers["X-Accel-Buffering"] = "no"
    return as_attachment(response, f"{name}.zip")
