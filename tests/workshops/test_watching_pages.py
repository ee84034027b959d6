"""The pages that look at a terminal: whose they are, and what they bring."""

import pytest
from django.urls import reverse


def addresses(participant) -> list[str]:
    code = participant.workshop.code
    return [reverse("workshops:watch", args=[code, participant.pk]), reverse("workshops:projector", args=[code])]


def test_the_instructor_has_them(participant, bob, signed_in):
    for address in addresses(participant):
        assert signed_in(bob).get(address).status_code == 200


def test_a_name_is_no_markup(participant, alice, bob, signed_in):
    alice.rename("<script>x</script>")
    page = signed_in(bob).get(addresses(participant)[0]).content.decode()
    assert "&lt;script&gt;x" in page
    assert "<script>x" not in page


def test_the_projector_tells_how_to_join(workshop, participant, bob, signed_in):
    page = signed_in(bob).get(addresses(participant)[1]).content.decode()
    assert workshop.spoken_code in page
    assert "testserver/join/" in page


def test_a_visitor_signs_in_first(participant, client):
    for address in addresses(participant):
        assert client.get(address).status_code == 302


def test_to_others_there_are_none(participant, alice, charlie, dora, signed_in):
    for user in (alice, charlie, dora):
        for address in addresses(participant):
            assert signed_in(user).get(address).status_code == 404


def test_they_only_show(participant, bob, signed_in):
    for address in addresses(participant):
        assert signed_in(bob).post(address).status_code == 405


def test_a_learner_gets_what_the_stage_is_drawn_in(workshop, participant, alice, charlie, dora, signed_in, client):
    address = reverse("workshops:stage", args=[workshop.code])
    assert f"/ws/workshop/{workshop.code}/stage/terminal/" in signed_in(alice).get(address).content.decode()
    assert signed_in(charlie).get(address).status_code == 404
    assert signed_in(dora).get(address).status_code == 404
    assert client.get(address).status_code == 302
    assert signed_in(alice).post(address).status_code == 405


@pytest.mark.parametrize("code", ["never-was", "x" * 60])
def test_a_workshop_that_is_not_there_is_not_found(bob, signed_in, code, db):
    assert signed_in(bob).get(f"/instructor/workshops/{code}/projector/").status_code == 404
