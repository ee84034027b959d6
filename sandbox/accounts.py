"""Accounts at the warehouse: whose sandbox is asking, the space that is theirs, and the password for it.

Nothing of this is stored. A learner's space and password follow from the platform's key and the learner's number, so a
sandbox that was started before it had a learner needs nothing brought to it, and a home that comes back has a password
in it that still holds. It holds in the learner's own sandbox alone: the warehouse knows each by its secret address.
"""

import ipaddress
import re
import secrets
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.ipv6 import is_valid_ipv6_address

from courses.models import User
from sandbox import keys
from sandbox.models import Sandbox

LETTERS = "bcdfghjkmnpqrstvwxyz"  # no vowels, so no words
LEARNERS = re.compile(r"[a-z]{4}([1-9]\d{0,17})")
TRIAL_PREFIX = 0xFC  # of the address; those of sandboxes with a row begin with 0xFD


@dataclass(frozen=True)
class Account:
    """A space, whose name is also the user's, and its password. Both are empty while nobody has claimed the sandbox."""

    space: str = ""
    password: str = ""

    def environment(self) -> dict[str, str]:
        """Return what a shell is told of it."""
        return {"LEARNER": self.space, "WAREHOUSE_PASSWORD": self.password} if self.space else {}


def of_learner(number: int | None) -> Account:
    """Return the account of the learner with this primary key."""
    if number is None:
        return Account()
    check = keys.own().derive("space", str(number))
    space = "".join(LETTERS[byte % len(LETTERS)] for byte in check[:4]) + str(number)
    return Account(space, password_of(space))


def of_trial(address: str) -> Account:
    """Return the account of a sandbox that is no learner's: one in which the platform tries something."""
    space = f"trial-{keys.own().derive('space', address).hex()[:10]}"
    return Account(space, password_of(space))


def password_of(space: str) -> str:
    return b32encode(keys.own().derive("password", space)[:10]).decode().lower()


def trial_address() -> str:
    """Return a new address for a sandbox without a row: that the platform made it can be seen from itself."""
    chance = secrets.token_bytes(7)
    return str(ipaddress.IPv6Address(bytes([TRIAL_PREFIX]) + chance + mark(chance)))


def mark(chance: bytes) -> bytes:
    return keys.own().derive("address", chance.hex())[:8]


def is_trial(address: str) -> bool:
    try:
        packed = ipaddress.IPv6Address(address).packed
    except ValueError:
        return False
    return packed[0] == TRIAL_PREFIX and secrets.compare_digest(packed[8:], mark(packed[1:8]))


def at(address: str) -> Account | None:
    """Return the account of the sandbox with this address; None if there is no such sandbox."""
    if is_trial(address):
        return of_trial(address)
    if not is_valid_ipv6_address(address):
        return None
    found = Sandbox.objects.live().filter(address=address).select_related(None).only("code", "learner_id").first()
    if not found:
        return None
    found.note_in_logs()
    return of_learner(found.learner_id)


def left_by_learners(spaces: Iterable[str]) -> list[str]:
    """Return those of the spaces whose learner has been deleted. What was never a learner's is not among them."""
    numbers = {space: int(found[1]) for space in spaces if (found := LEARNERS.fullmatch(space))}
    ours = {space: number for space, number in numbers.items() if of_learner(number).space == space}
    present = set(User.objects.filter(pk__in=ours.values()).values_list("pk", flat=True))
    return [space for space, number in ours.items() if number not in present]
