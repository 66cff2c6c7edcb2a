"""Looking for documents as the browser does."""

from typing import Any

from bs4 import BeautifulSoup

from app.search.catching_up import catch_up
from tests.cast import Browser


def names(browser: Browser, q: str, **more: Any) -> list[str]:
    """Of the documents that the page shows."""
    answer = browser.get("/search", query_string={"q": q, **more})
    assert answer.status_code == 200, answer.text
    soup = BeautifulSoup(answer.text, "html.parser")
    return [str(a["title"]) for a in soup.select("tr[data-document] .document-name")]


def suggested(browser: Browser, q: str, **more: Any) -> str:
    answer = browser.get(
        "/search/suggestions",
        query_string={"q": q, **more},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    text: str = answer.text
    return text


def read_all() -> None:
    """What the worker does after the deposits."""
    catch_up()
