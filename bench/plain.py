"""What the application is compared with, on the same gunicorn."""

from collections.abc import Iterable
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
