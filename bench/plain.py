"""What the application is compared with, on the same gunicorn."""

import os
import tempfile
from collections.abc import Iterable
from hashlib import sha256
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask

from app.multipart import CHUNK

hello = Flask("hello")


@hello.get("/")
def say_hello() -> str:
    return "Hello, World!"


def drain(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Takes a body in and forgets it."""
    body, left = environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (chunk := body.read(min(CHUNK, left))):
        left -= len(chunk)
    start_response("200 OK", [("Content-Length", "0")])
    return []


def keep(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Takes a body in as nobody can do without: hashed, written, safe on the disk."""
    body, left = environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0)
    digest = sha256()
    with tempfile.TemporaryFile() as file:
        while left > 0 and (chunk := body.read(min(CHUNK, left))):
            left -= len(chunk)
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    start_response("200 OK", [("Content-Length", "0")])
    return []
