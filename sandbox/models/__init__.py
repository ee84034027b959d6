"""Sandboxes, who waits for one, what is kept of those that ended, and what learners stumble over in them."""

from sandbox.models.customer import CustomerRun
from sandbox.models.home import Home
from sandbox.models.reservation import Reservation
from sandbox.models.sandbox import (
    ACTIVE,
    CLAIM_SECONDS,
    CODE_ALPHABET,
    LIVE,
    SAVE_EVERY,
    UNCLAIMED_SECONDS,
    Sandbox,
    State,
    iso,
    new_address,
    new_code,
)
from sandbox.models.trouble import Trouble
from sandbox.models.waiting import WAITING_LAPSES, Waiting

__all__ = [
    "ACTIVE",
    "CLAIM_SECONDS",
    "CODE_ALPHABET",
    "LIVE",
    "SAVE_EVERY",
    "UNCLAIMED_SECONDS",
    "WAITING_LAPSES",
    "CustomerRun",
    "Home",
    "Reservation",
    "Sandbox",
    "State",
    "Trouble",
    "Waiting",
    "iso",
    "new_address",
    "new_code",
]
