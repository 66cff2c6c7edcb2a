"""The stylesheet of a brand, derived once per process, and its fingerprint."""

import hashlib
from functools import lru_cache

from app.firms.brand import Brand, derive, stylesheet

# Where no firm is: the operator's console and the page of an unknown host.
PLATFORM = Brand("#3f4a56", None, "foncée")


@lru_cache(maxsize=256)
def theme_css(brand: Brand) -> str:
    return stylesheet(derive(brand))


@lru_cache(maxsize=256)
def fingerprint(brand: Brand) -> str:
    return hashlib.sha256(theme_css(brand).encode()).hexdigest()[:12]
