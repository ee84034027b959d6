"""Sandboxes, who waits for one, what is kept of those that ended, and what learners stumble over in them."""

from sandbox.models.customer import CustomerRun
from sandbox.models.home import Home
from sandbox.models.host import Host
from sandbox.models.reservation import Reservation
from sandbox.models.sandbox import (
    CODE_ALPHABET,
    Sandbox,
    iso,
    new_address,
    new_code,
)
from sandbox.models.selection import CLAIM_SECONDS, SAVE_TURNS, UNCLAIMED_SECONDS
from sandbox.models.state import ACTIVE, LIVE, State
from sandbox.models.trouble import Trouble
from sandbox.models.waiting import WAITING_LAPSES, Waiting

__all__ = [
    "ACTIVE",
    "CLAIM_SECONDS",
    "CODE_ALPHABET",
    "LIVE",
    "SAVE_TURNS",
    "UNCLAIMED_SECONDS",
    "WAITING_LAPSES",
    "CustomerRun",
    "Home",
    "Host",
    "Reservation",
    "Sandbox",
    "State",
    "Trouble",
    "Waiting",
    "iso",
    "new_address",
    "new_code",
]
