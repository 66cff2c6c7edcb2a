"""Names that any system takes for a file, out of names as people type them."""

import re
import unicodedata

from app.library.naming import split_extension

# What Windows takes for a device, whatever the ending; and what no path may hold.
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
MOST_BYTES = 200  # in UTF-8, with room for a number


def harmless(name: str) -> str:
    """One part of a path: «CON» → «_CON», «a/b:c» → «a_b_c», «..» → «_»."""
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name))
    name = _cut(name.rstrip(". ").lstrip()) or "_"
    return f"_{name}" if _DEVICES.match(name) else name


def _cut(name: str) -> str:
    if len(name.encode()) <= MOST_BYTES:
        return name
    stem, extension = split_extension(name)
    room = MOST_BYTES - len(extension.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + extension


class Names:
    """What is taken in each folder, without regard to case as Windows and macOS see."""

    def __init__(self, *taken: str) -> None:
        self._taken: set[str] = {self._key(name) for name in taken}
        self._next: dict[str, int] = {}

    def free(self, folder: str, name: str) -> str:
        """A path nobody has yet: «Achats/facture (2).pdf»."""
        path = wanted = f"{folder}{harmless(name)}"
        stem, extension = split_extension(wanted)
        number = self._next.get(self._key(wanted), 2)
        while self._key(path) in self._taken:
            path = f"{stem} ({number}){extension}"
            number += 1
        self._next[self._key(wanted)] = number
        self._taken.add(self._key(path))
        return path

    @staticmethod
    def _key(path: str) -> str:
        return unicodedata.normalize("NFKC", path).casefold()
