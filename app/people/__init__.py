"""Who signs in, and how."""

from flask import Flask

from app.people import routes, signing_in


def init_app(app: Flask) -> None:
    signing_in.init_app(app)
    app.register_blueprint(routes.blueprint)
