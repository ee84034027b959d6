"""The console's and the wall's pages: whose they are."""

import pytest

PAGES = ["", "wall/"]


@pytest.fixture(params=PAGES)
def url(request, workshop) -> str:
    return f"/instructor/workshops/{workshop.code}/{request.param}"


def test_its_instructor_and_an_administrator_see_it(url, workshop, bob, admin, signed_in):
    for teacher in (bob, admin):
        answer = signed_in(teacher).get(url)
        assert answer.status_code == 200
        assert f'data-code="{workshop.code}"' in answer.content.decode()
        assert workshop.spoken_code in answer.content.decode()


def test_a_visitor_is_asked_to_sign_in(url, client):
    assert client.get(url).url == f"/sign-in/?next={url}"


def test_for_others_it_is_not_there(url, participant, dora, charlie, signed_in):
    for stranger in (participant.learner, dora, charlie):
        assert signed_in(stranger).get(url).status_code == 404


def test_it_is_only_looked_at(url, bob, signed_in):
    assert signed_in(bob).post(url).status_code == 405


def test_a_title_with_markup_is_text(workshop, bob, signed_in):
    type(workshop).objects.update(title="<script>alert(1)</script>")
    assert b"<script>alert" not in signed_in(bob).get(f"/instructor/workshops/{workshop.code}/").content
