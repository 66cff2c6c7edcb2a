"""Guichet: the single counter between an accounting firm and its clients."""

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

import config
from app import assets, bundles, cli, errors, formats, htmx, policy, storage, tenancy
from app.about import routes as about_routes
from app.addresses import Portal
from app.archives import download_routes, routes as archives_routes
from app.collection import (
    address_routes,
    family_routes,
    quarantine_routes,
    stray_routes,
)
from app.companies import (
    import_routes as companies_import_routes,
    opening_routes,
    routes as companies_routes,
    settings_routes as company_settings_routes,
)
from app.connectors import (
    catalogue,
    import_routes,
    overview_routes,
    own_routes,
    panel_acts_routes,
    panel_routes,
    panel_settings_routes,
    store_routes,
    switch_routes,
)
from app.db import db, prepare_engine
from app.delivery import (
    hook_routes,
    journal_routes,
    routes as delivery_routes,
    sheet_routes,
    test_mail_routes,
)
from app.extensions import (
    babel,
    csrf,
    htmx as htmx_extension,
    limiter,
    login_manager,
    mail,
    migrate,
)
from app.filters import routes as filters_routes
from app.firms import hosts, install_routes, routes as firms_routes
from app.library import (
    acts_routes,
    comment_routes,
    describing_routes,
    folder_routes,
    judging_routes,
    routes as library_routes,
    share_routes,
    template_applying_routes,
    template_routes,
    together_routes,
    unread_routes,
    view_routes,
)
from app.mailroom import inbound_routes, routes as mailroom_routes
from app.mentions import routes as mentions_routes
from app.notices import routes as notices_routes
from app.operator import console_routes, routes as operator_routes
from app.pages import (
    edit_routes as page_edit_routes,
    merge_routes as page_merge_routes,
    routes as pages_routes,
    scan_routes,
)
from app.people import (
    forgetting_routes,
    invitation_routes,
    routes as people_routes,
    signing_in,
)
from app.search import keeping as _keeping, routes as search_routes  # noqa: F401

# Named apart from the packages, which these names would hide in this module.
BLUEPRINTS = (
    people_routes.blueprint,
    filters_routes.blueprint,
    mentions_routes.blueprint,
    notices_routes.blueprint,
    forgetting_routes.blueprint,
    invitation_routes.blueprint,
    firms_routes.blueprint,
    install_routes.blueprint,
    companies_routes.blueprint,
    opening_routes.blueprint,
    company_settings_routes.blueprint,
    address_routes.blueprint,
    family_routes.blueprint,
    companies_import_routes.blueprint,
    template_routes.blueprint,
    template_applying_routes.blueprint,
    library_routes.blueprint,
    share_routes.blueprint,
    acts_routes.blueprint,
    folder_routes.blueprint,
    judging_routes.blueprint,
    together_routes.blueprint,
    comment_routes.blueprint,
    describing_routes.blueprint,
    unread_routes.blueprint,
    view_routes.blueprint,
    about_routes.blueprint,
    pages_routes.blueprint,
    page_edit_routes.blueprint,
    page_merge_routes.blueprint,
    scan_routes.blueprint,
    search_routes.blueprint,
    download_routes.blueprint,
    archives_routes.blueprint,
    store_routes.blueprint,
    own_routes.blueprint,
    overview_routes.blueprint,
    panel_routes.blueprint,
    panel_acts_routes.blueprint,
    panel_settings_routes.blueprint,
    switch_routes.blueprint,
    import_routes.blueprint,
    test_mail_routes.blueprint,
    delivery_routes.blueprint,
    mailroom_routes.blueprint,
    inbound_routes.blueprint,
    quarantine_routes.blueprint,
    journal_routes.blueprint,
    hook_routes.blueprint,
    sheet_routes.blueprint,
    operator_routes.blueprint,
    console_routes.blueprint,
    stray_routes.blueprint,
)


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """The application. `settings` overrides what the environment says."""
    app = Portal(__name__)
    app.config.update(config.from_environment())
    app.config.update(settings or {})
    logging.basicConfig(level=app.config["LOG_LEVEL"])

    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    app.extensions["guichet.storage"] = storage.storage_from_url(
        app.config["STORAGE_URL"]
    )
    migrate.init_app(app, db, directory="migrations", render_as_batch=True)
    mail.init_app(app)
    csrf.init_app(app)
    htmx_extension.init_app(app)
    limiter.init_app(app)
    login_manager.init_app(app)
    babel.init_app(app, locale_selector=formats.choose_locale)

    tenancy.init_app(app, firm_at=hosts.firm_at)
    policy.init_app(app)
    htmx.init_app(app)
    errors.init_app(app)
    assets.init_app(app)
    bundles.init_app(app)
    formats.init_app(app)
    signing_in.init_app(app)
    catalogue.load()
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    cli.init_app(app)

    if app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app,
            x_for=app.config["TRUSTED_PROXIES"],
            x_proto=app.config["TRUSTED_PROXIES"],
            x_host=0,
        )
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=app.static_folder,
        prefix="static/",
        max_age=60,
        immutable_file_test=assets.is_immutable,
    )
    return app
