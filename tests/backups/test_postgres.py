"""The same with PostgreSQL, when the tests run on it: DATABASE_URL=postgres://…"""

import pytest
from django.db import connection

from backups import databases
from courses.models import User


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_copy_replaces_all_that_came_since(tmp_path):
    User.objects.create_guest(name="Alice")
    database = databases.current()
    migrations = database.copy(tmp_path / "copy")
    assert "courses.0001_initial" in migrations

    User.objects.create_guest(name="Charlie")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE of_a_later_version ()")
    assert database.people() == 2
    database.make_ready(tmp_path / "copy")
    database.put_in_place(tmp_path / "copy")
    assert [user.name for user in User.objects.all()] == ["Alice"]
    assert "of_a_later_version" not in connection.introspection.table_names()
