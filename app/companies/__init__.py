"""The client companies."""

from flask import Flask

from app.companies import routes


def init_app(app: Flask) -> None:
    app.register_blueprint(routes.blueprint)
