import pytest
from django.test import Client

from courses.models import User


@pytest.fixture
def staff(db):
    client = Client()
    client.force_login(User.objects.create_superuser("bob", password="a-long-password"))
    return client


@pytest.mark.parametrize("model", ["user", "enrollment", "completion"])
def test_staff_find_people_and_progress_by_name(staff, alice, charlie, model):
    alice.enroll("sarafa-bazaar").complete("day-2", "first-order")
    charlie.enroll("sarafa-bazaar").complete("day-2", "first-order")
    page = staff.get(f"/admin/courses/{model}/", {"q": "Alice"})
    assert page.status_code == 200
    assert page.context["cl"].result_count == 1


def test_staff_open_one_learner(staff, alice):
    assert "Alice" in staff.get(f"/admin/courses/user/{alice.pk}/change/").text


def test_a_learner_has_no_admin(alice, signed_in):
    assert signed_in(alice).get("/admin/courses/user/").status_code == 302
