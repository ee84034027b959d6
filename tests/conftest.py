"""The cast: Alice learns, Bob teaches, Charlie must not. And a database that several threads can use at once."""

from pathlib import Path

import pytest

from courses.models import User


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Test on a file, as the platform runs: SQLite in memory answers two writers with an error instead of a wait."""
    from django.db import connections

    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(Path(tmp_path_factory.mktemp("database"), "test.sqlite3"))


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_guest(name="Alice")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user(username="bob", password="teaches docker", name="Bob", is_staff=True)


@pytest.fixture
def charlie(db: None) -> User:
    return User.objects.create_guest(name="Charlie")
