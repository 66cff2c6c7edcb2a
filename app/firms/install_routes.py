"""The portal as an application of the phone: the firm's name and mark, and a place in
the phone's list of where to share to."""

from typing import Any

from flask import Blueprint, Response, abort, g, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from app.firms.brand import Brand, derive
from app.firms.icons import SIZES, icon_png
from app.firms.theme import PLATFORM, fingerprint
from app.policy import open_to
from app.typed import whole

blueprint = Blueprint("install", __name__)
FOREVER = "public, max-age=31536000, immutable"
SHARED = ("image/*", "application/pdf", ".pdf", ".jpg", ".jpeg", ".png", ".heic")


@blueprint.get("/manifest.webmanifest")
@open_to("everyone")
def manifest() -> ResponseReturnValue:
    """W3C Web Application Manifest, with Web Share Target for the portals."""
    if g.firm is None:
        abort(404)
    brand: Brand = g.firm.brand
    colours = derive(brand).light
    said: dict[str, Any] = {
        "id": "/",
        "name": g.firm.name,
        "short_name": g.firm.name.split()[0].strip(",&")[:12],
        "lang": str(get_locale()),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": colours["brand-solid"],
        "background_color": colours["canvas"],
        "icons": [
            {
                "src": url_for("install.icon", side=side, v=fingerprint(brand)),
                "sizes": f"{side}x{side}",
                "type": "image/png",
                "purpose": purpose,
            }
            for side in SIZES[1:]
            for purpose in ("any", "maskable")
        ],
        "share_target": {
            "action": url_for("share.create"),
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {"files": [{"name": "file", "accept": list(SHARED)}]},
        },
    }
    answer = jsonify(said)
    answer.content_type = "application/manifest+json"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/icon.png")
@open_to("everyone")
def icon() -> ResponseReturnValue:
    """Named by the brand's fingerprint (`v`), it may be kept for ever."""
    side = whole(request.args.get("side"), 0)
    if side not in SIZES:
        abort(404)
    firm = g.get("firm")
    brand = firm.brand if firm else PLATFORM
    initial = (firm.name if firm else "C")[:1].upper()
    answer = Response(icon_png(brand, initial, side), content_type="image/png")
    answer.headers["Cache-Control"] = FOREVER
    return answer
