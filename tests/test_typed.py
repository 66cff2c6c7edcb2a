"""What people type, read once for all pages."""

import pytest

from app.typed import whole


@pytest.mark.parametrize("text", ["0", "7", "007", "2147483647"])
def test_a_whole_number_is_read(text: str) -> None:
    assert whole(text, -1) == int(text)


@pytest.mark.parametrize(
    "text",
    [None, "", "-1", "+1", "1.5", "1 000", "2147483648", "９", "²", "1\n", "1\0"],
)
def test_what_is_no_number_that_a_database_holds_is_the_usual_one(
    text: str | None,
) -> None:
    assert whole(text, 1) == 1
