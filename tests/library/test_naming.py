"""Names stay as typed, as far as that is safe."""

import pytest
from hypothesis import given, strategies as st

from app.library.naming import LONGEST, clean_name, free_name, split_extension

FALLBACK = "Document sans nom"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("Devis n°3 – été.pdf", "Devis n°3 – été.pdf"),
        ("发票.pdf", "发票.pdf"),
        ("фото.jpg", "фото.jpg"),
        ("relevé.pdf", "relevé.pdf"),  # decomposed (a Mac) becomes composed
        ("../../etc/x.pdf", "x.pdf"),
        ("C:\\Users\\p\\f.pdf", "f.pdf"),
        ("fac\x00ture.pdf", "facture.pdf"),
        ("a.pdf\r\nBcc: x@evil.test", "a.pdf"),
        ("Facture\r\n été.pdf", "Facture été.pdf"),
        ("Avis 04.04\n.2024.pdf", "Avis 04.04.2024.pdf"),
        ("x/a.pdf\nX-Path: b/c.exe", "a.pdf"),
        ("exe\u202efdp.pdf", "exefdp.pdf"),
        ("fac\u200bture.pdf", "facture.pdf"),
        ("Avis 04.04.2024.pdf", "Avis 04.04.2024.pdf"),
        ("Invoice: 12.pdf", "Invoice: 12.pdf"),
        ("FACTURE.PDF", "FACTURE.PDF"),
        ("  deux   espaces .pdf", "deux espaces .pdf"),
        ("nom.", "nom"),
        (".pdf", f"{FALLBACK}.pdf"),
        ("", FALLBACK),
        (None, FALLBACK),
        ("…/../x.pdf", "x.pdf"),
    ],
)
def test_a_name_is_kept_as_far_as_it_is_safe(raw: str | None, kept: str) -> None:
    assert clean_name(raw, FALLBACK) == kept


def test_a_name_of_300_characters_is_shortened_and_keeps_its_extension() -> None:
    name = clean_name("a" * 296 + ".pdf", FALLBACK)
    assert len(name) == LONGEST
    assert name.endswith("a….pdf")


@given(st.text(max_size=400))
def test_any_name_becomes_one_line_that_is_not_empty(raw: str) -> None:
    name = clean_name(raw, FALLBACK)
    assert name.strip()
    assert len(name) <= LONGEST
    assert not any(c in name for c in "\r\n\x00/\\\u202e\u200b")
    assert clean_name(name, FALLBACK) == name


def test_the_extension_is_what_follows_the_last_dot() -> None:
    assert split_extension("Avis 04.04.2024.pdf") == ("Avis 04.04.2024", ".pdf")
    assert split_extension("FACTURE.PDF") == ("FACTURE", ".PDF")
    assert split_extension("sans") == ("sans", "")


def test_a_name_that_is_taken_gets_the_next_number() -> None:
    assert free_name("f.pdf", set()) == "f.pdf"
    assert free_name("f.pdf", {"f.pdf"}) == "f (2).pdf"
    assert free_name("f.pdf", {"f.pdf", "f (2).pdf"}) == "f (3).pdf"
