"""The pages of the console and the wall: for who teaches the workshop, and for nobody else."""

import pytest
from django.test import Client

from tests.workshops.conftest import make_workshop

PAGES = ["/instructor/workshops/{0.code}/", "/instructor/workshops/{0.code}/wall/"]

pytestmark = pytest.mark.parametrize("page", PAGES)


def test_who_teaches_the_workshop_sees_it(page, workshop, bob, signed_in):
    answer = signed_in(bob).get(page.format(workshop))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert workshop.title in text
    assert workshop.spoken_code in text
    assert f'data-code="{workshop.code}"' in text


def test_an_administrator_sees_it_too(page, workshop, admin, signed_in):
    assert signed_in(admin).get(page.format(workshop)).status_code == 200


def test_a_visitor_is_asked_to_sign_in(page, workshop):
    answer = Client().get(page.format(workshop))
    assert answer.status_code == 302
    assert answer.url.startswith("/sign-in/")


def test_a_learner_of_the_workshop_finds_nothing(page, workshop, participant, signed_in):
    assert signed_in(participant.learner).get(page.format(workshop)).status_code == 404


def test_another_instructor_finds_nothing(page, workshop, dora, signed_in):
    make_workshop(dora)
    assert signed_in(dora).get(page.format(workshop)).status_code == 404


def test_there_is_nothing_to_post(page, workshop, bob, signed_in):
    assert signed_in(bob).post(page.format(workshop)).status_code == 405


def test_a_title_with_markup_is_text(page, bob, signed_in):
    workshop = make_workshop(bob, title="<script>alert(1)</script>")
    assert "<script>alert" not in signed_in(bob).get(page.format(workshop)).content.decode()
