"""A cell of a CSV file that a spreadsheet shows, and never runs."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_cell(value: object) -> str:
    """The text; with a leading ' where a spreadsheet would take it for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
