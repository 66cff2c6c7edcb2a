"""What a file is to the eye: the little sheet that stands before its name."""


def kind_of(content_type: str) -> str:
    if content_type == "application/pdf":
        return "pdf"
    if content_type.startswith("image/"):
        return "image"
    is_sheet = "sheet" in content_type or "excel" in content_type
    return "sheet" if is_sheet or content_type == "text/csv" else "other"
