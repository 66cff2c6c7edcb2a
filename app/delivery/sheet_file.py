"""The proof sheet as a file: JSON, or PDF."""

import json
from typing import Any


def as_json(sheet: dict[str, Any]) -> bytes:
    return json.dumps(sheet, ensure_ascii=False, indent=2).encode() + b"\n"


def as_pdf(sheet: dict[str, Any]) -> bytes:
    from app.delivery.sheet_pdf import sheet_pdf  # 20 MB that few processes need

    return sheet_pdf(sheet)
