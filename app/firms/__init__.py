"""The firm: its brand and its home."""

from flask import Flask

from app.firms import routes


def init_app(app: Flask) -> None:
    app.register_blueprint(routes.blueprint)
    app.context_processor(routes.surroundings)
