"""Alice is a guest who has done something; Bob teaches; Charlie must not; the administrator invites."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from courses.models import Enrollment, User

PASSWORD = "saffron and jalebi"


@pytest.fixture(autouse=True)
def quick_passwords(settings: pytest.FixtureRequest) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser(username="admin", password="may do everything", name="Administrator")


@pytest.fixture
def dora(db: None) -> User:
    """Learns, and has an account."""
    return User.objects.create_user(username="dora", password=PASSWORD, name="Dora")


@pytest.fixture
def progress(alice: User) -> Enrollment:
    enrollment = alice.enroll("sarafa-bazaar")
    enrollment.complete("day-2", "first-order")
    return enrollment


@pytest.fixture
def counters(settings: pytest.FixtureRequest):
    """Count in this process's memory."""
    settings.CACHES = settings.CACHES | {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    yield
    cache.clear()
