"""How often somebody may try a password: who guesses is slowed down, a class behind one address is not."""

import hashlib
from datetime import datetime

from django.http import HttpRequest
from django.utils.translation import ngettext

from courses import limits

SPAN = 15 * 60
PER_NAME = 10  # wrong passwords for one username from one address
PER_ADDRESS = 100  # wrong passwords from one address


def try_password(request: HttpRequest, username: str, at: datetime) -> int:
    """Count a try before it is made, so that many at once are counted, too. Return the seconds to wait; 0: go on."""
    of_address = limits.count(address_subject(request), SPAN, at)
    of_name = limits.count(name_subject(request, username), SPAN, at)
    if of_address > PER_ADDRESS or of_name > PER_NAME:
        limits.note_refusal("password")
        return SPAN - int(at.timestamp()) % SPAN
    return 0


def was_right(request: HttpRequest, username: str, at: datetime) -> None:
    """Take back a try that was counted at that time: only wrong passwords are limited."""
    limits.take_back(address_subject(request), SPAN, at)
    limits.take_back(name_subject(request, username), SPAN, at)


def sentence(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return ngettext(
        "Too many wrong passwords. Please try again in %(minutes)d minute.",
        "Too many wrong passwords. Please try again in %(minutes)d minutes.",
        minutes,
    ) % {"minutes": minutes}


def address_subject(request: HttpRequest) -> str:
    return f"password:{limits.address_of(request)}"


def name_subject(request: HttpRequest, username: str) -> str:
    """Names are counted as one whatever their case, and are not to be read in the cache."""
    name = hashlib.sha256(username.casefold().encode(errors="replace")).hexdigest()
    return f"{address_subject(request)}:{name}"
