"""Addresses of static files that change with their content, so caches keep them."""

import hashlib
import json
import re
from functools import cache
from pathlib import Path

from flask import Flask, current_app

STATIC = Path(__file__).parent / "static"


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(asset=asset, vendor=vendor)


@cache
def asset(name: str) -> str:
    """One of our own files, e.g. `css/app.css`."""
    return f"{current_app.static_url_path}/{name}?v={_fingerprint(name)}"


@cache
def vendor(name: str) -> str:
    """A file that `bin/assets` laid out, by its plain name."""
    return f"{current_app.static_url_path}/vendor/{_manifest()[name]}"


def is_immutable(path: str, url: str) -> bool:
    """Asked by WhiteNoise: vendor files carry a hash in their name, ours are asked for
    by `asset`, with theirs behind it."""
    return bool(re.search(r"/vendor/.+\.[0-9a-f]{8}\.\w+$|/(css|js)/", url))


def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]


@cache
def _manifest() -> dict[str, str]:
    found: dict[str, str] = json.loads((STATIC / "vendor/manifest.json").read_text())
    return found
