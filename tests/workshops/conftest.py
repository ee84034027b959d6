"""A workshop of Bob's that Alice takes part in; Dora teaches another. Charlie must not see either."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from courses.models import User
from tests.sandbox.conftest import engine, heard, inside, logs, make, now, queued, shell, signed_in
from workshops.models import Participant, State, Workshop

__all__ = ["engine", "heard", "inside", "logs", "make", "now", "queued", "shell", "signed_in"]


def make_workshop(*instructors: User, **fields: object) -> Workshop:
    begins = timezone.now() - timedelta(minutes=10)
    given = {
        "title": "An evening in Indore",
        "course": "sarafa-bazaar",
        "days": ["day-2"],
        "language": "en",
        "starts_at": begins,
        "ends_at": begins + timedelta(hours=3),
        "capacity": 8,
        "state": State.OPEN,
    }
    workshop = Workshop.objects.create(**(given | fields))
    workshop.instructors.set(instructors)
    return workshop


@pytest.fixture
def workshop(bob: User) -> Workshop:
    return make_workshop(bob)


@pytest.fixture
def dora(db: None) -> User:
    """Teaches, too, but not with Bob."""
    return User.objects.create_user(username="dora", password="teaches docker, too", name="Dora", is_staff=True)


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser(username="admin", password="may do everything", name="Administrator")


@pytest.fixture
def join() -> Callable[..., Participant]:
    """Let somebody take part in a workshop."""

    def take_part(workshop: Workshop, learner: User, **fields: object) -> Participant:
        learner.enroll(workshop.course)
        return Participant.objects.create(workshop=workshop, learner=learner, **fields)

    return take_part


@pytest.fixture
def participant(workshop: Workshop, alice: User, join: Callable[..., Participant]) -> Participant:
    return join(workshop, alice)
