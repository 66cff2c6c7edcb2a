"""Mayan's production settings, but the scripts and styles of its pages need not be
there: npm would be asked for them. Their addresses stay in the pages."""

from mayan.settings import production

globals().update({name: vars(production)[name] for name in dir(production)})
STORAGES = production.STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
