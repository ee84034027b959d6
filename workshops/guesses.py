"""Wrong codes, counted, so that nobody finds one by trying. Right ones are free: a classroom shares an address."""

from dataclasses import dataclass
from typing import Self

from django.http import HttpRequest

from courses import limits
from workshops.models import Participant

WINDOW = 600  # seconds
WRONG_CODES, WRONG_PERSONAL_CODES = 60, 20  # in a window


class TooManyWrongCodes(Exception):
    pass


@dataclass(frozen=True)
class Guesses:
    """Wrong codes of a kind that came from one address, or from one participant: who takes part counts alone."""

    what: str
    most: int

    @classmethod
    def of_codes(cls, request: HttpRequest) -> Self:
        return cls(f"wrong-code:{sender_of(request)}", WRONG_CODES)

    @classmethod
    def of_personal_codes(cls, request: HttpRequest) -> Self:
        return cls(f"wrong-personal-code:{sender_of(request)}", WRONG_PERSONAL_CODES)

    @staticmethod
    def seconds_left() -> int:
        return limits.seconds_left(WINDOW)

    def check(self) -> None:
        """Raise TooManyWrongCodes if there were too many: then a right one is not looked at, either."""
        if limits.counted(self.what, WINDOW) >= self.most:
            limits.note_refusal("code")
            raise TooManyWrongCodes

    def count(self) -> None:
        limits.count(self.what, WINDOW)


def sender_of(request: HttpRequest) -> str:
    takes_part = Participant.objects.of(request.user).exists()
    return f"user-{request.user.pk}" if takes_part else limits.address_of(request)
