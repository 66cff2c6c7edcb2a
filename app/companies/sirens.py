"""SIREN and SIRET numbers (INSEE): nine and fourteen digits with a key of Luhn
(ISO/IEC 7812-1), except the offices of La Poste."""

from app.errors import Refused
from app.texts import gettext as _
from app.typed import visible

LA_POSTE = "356000000"
SIREN, SIRET = 9, 14


def siren_from(typed: str, field: str | None = "siren") -> str | None:
    """The SIREN of what was typed, which may be a SIRET; None when nothing was.

    Raises Refused.
    """
    digits = "".join(c for c in visible(typed) if not c.isspace() and c not in ".-")
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in {SIREN, SIRET}:
        raise Refused(
            _("A SIREN has 9 digits, a SIRET 14. Check what was typed."), field
        )
    if not _is_right(digits):
        raise Refused(
            _("This number is not right: a digit is wrong or two were exchanged."),
            field,
        )
    return digits[:SIREN]


def _is_right(digits: str) -> bool:
    if not has_luhn_key(digits[:SIREN]):
        return False
    if len(digits) == SIREN or has_luhn_key(digits):
        return True
    # The offices of La Poste: the sum of their digits is a multiple of five.
    return digits.startswith(LA_POSTE) and sum(map(int, digits)) % 5 == 0


def has_luhn_key(digits: str) -> bool:
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    total = sum(int(digit) for digit in digits[-1::-2])
    return (total + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0
