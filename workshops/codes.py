"""Codes that people read aloud and type: no letter or digit that looks or sounds like another, and no capitals."""

import re
import secrets

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
JOIN, PERSONAL = 8, 12  # letters: 39 bits for a class that is open one evening, 59 for a person


def new_code(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def typed(text: str) -> str:
    """Return a code as it is stored, of what somebody typed: capitals, blanks and hyphens are forgiven."""
    return re.sub(r"[\s\-_.\0]+", "", text).lower()[:40]


def spoken(code: str) -> str:
    """Return a code in groups of four, as it is shown: "abcd-efgh"."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))
