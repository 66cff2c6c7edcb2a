"""The addresses of our pages, each built once: a page names some fifty of them."""

from functools import lru_cache
from typing import Any

from flask import Flask, has_request_context, request


class Portal(Flask):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # By the types too: 1 and True are equal, and not the same in an address.
        self._kept = lru_cache(maxsize=4096, typed=True)(self._built)

    def url_for(self, endpoint: str, **values: Any) -> str:
        """One that depends on more than its values (`.index`, `_external`) is built
        anew."""
        is_whole = not (endpoint.startswith(".") or any(v[0] == "_" for v in values))
        if not (is_whole and has_request_context()):
            return super().url_for(endpoint, **values)
        try:
            return self._kept(request.script_root, endpoint, **values)
        except TypeError:  # a list among them
            return super().url_for(endpoint, **values)

    def _built(self, _script_root: str, endpoint: str, **values: Any) -> str:
        return super().url_for(endpoint, **values)
