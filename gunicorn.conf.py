"""What gunicorn reads by itself, beside the options of the Procfile."""

import gc
from typing import Any


def post_worker_init(_worker: Any) -> None:
    """The application is there for good: looked through with every full collection of
    garbage, it would hold a request up for tenths of a second now and then."""
    gc.collect()
    gc.freeze()
