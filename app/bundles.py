"""Style sheets and scripts that go together, as one file each: a first visit asks for
few, and a browser keeps them for ever, for their address changes with what is in them.

Words that a script needs come with it, in the language of the page that asks.
"""

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cache

import flask_babel
from flask import Flask, Response, abort, current_app, render_template, request, url_for

from app.assets import STATIC, vendor
from app.policy import open_to

FOREVER = "public, max-age=31536000, immutable"
LANGUAGES = ("fr", "en")

# In the order that they are read in. What ends in .html is put at the end of the page.
BUNDLES: dict[str, tuple[str, ...]] = {
    "page.css": (
        *("vendor/inter.css", "css/app.css", "css/search.css", "css/life.css"),
        *("css/mentions.css", "css/grid.css", "css/interruptions.css"),
        "css/forced.css",
    ),
    "page.js": (
        *("vendor/htmx.min.js", "vendor/idiomorph-ext.min.js"),
        *("js/portal.js", "js/keys.js", "js/messages.js", "js/dialogs.js"),
        *("js/forms.js", "js/tree.js", "js/drawers.js", "js/list.js"),
        *("people/_signed_out.html", "js/session.js"),
        *("errors/_unanswered.html", "js/unanswered.js"),
        *("js/peeking.js", "js/search.js"),
    ),
    # A client's page loads none of these.
    "firm.css": ("css/cabinet.css", "css/block.css", "css/switcher.css"),
    "firm.js": (
        *("companies/_switcher_dialog.html", "js/cabinet.js", "js/block.js"),
        "js/switcher.js",
    ),
    "library.js": (
        *("library/_script.html", "js/directories.js", "js/offline.js"),
        *("js/showing.js", "js/deposit.js", "js/dropping.js", "js/tray.js"),
        *("js/rows.js", "js/choosing.js", "js/dragging.js"),
    ),
}


@dataclass(frozen=True)
class Bundle:
    content: bytes
    squeezed: bytes
    fingerprint: str


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(bundle=bundle)
    app.add_url_rule("/bundles/<language>/<name>", "bundles", show)


def bundle(name: str) -> str:
    """The address of a bundle, for the page that is being drawn."""
    language = str(flask_babel.get_locale() or LANGUAGES[0])[:2]
    made = _made(name, language)
    return url_for("bundles", language=language, name=name, v=made.fingerprint)


@open_to("everyone")
def show(language: str, name: str) -> Response:
    if name not in BUNDLES or language not in LANGUAGES:
        abort(404)
    made = _made(name, language)
    is_squeezed = request.accept_encodings.quality("gzip") > 0
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    answer = Response(
        made.squeezed if is_squeezed else made.content,
        content_type=f"{kind}; charset=utf-8",
    )
    if is_squeezed:
        answer.headers["Content-Encoding"] = "gzip"
    answer.vary.add("Accept-Encoding")
    is_named = request.args.get("v") == made.fingerprint
    answer.headers["Cache-Control"] = FOREVER if is_named else "no-cache"
    return answer


@cache
def _made(name: str, language: str) -> Bundle:
    with flask_babel.force_locale(language):
        content = "\n".join(_part(part) for part in BUNDLES[name]).encode()
    digest = hashlib.sha256(content).hexdigest()[:8]
    return Bundle(content, gzip.compress(content, 9, mtime=0), digest)


def _part(part: str) -> str:
    if part.endswith(".html"):
        words = json.dumps(render_template(part), ensure_ascii=False)
        return f'document.body.insertAdjacentHTML("beforeend", {words});'
    if not part.startswith("vendor/"):
        return (STATIC / part).read_text()
    address = vendor(part.removeprefix("vendor/"))
    text = (STATIC / "vendor" / address.rsplit("/", 1)[1]).read_text()
    # A style sheet names its font by an address beside its own.
    return text.replace("url(", f"url({current_app.static_url_path}/vendor/")
