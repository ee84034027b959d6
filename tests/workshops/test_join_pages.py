"""How a browser comes into a workshop, comes back and leaves; and that codes cannot be guessed."""

import pytest
from django.core.cache import cache
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from courses.models import Completion, User
from tests.workshops.conftest import make_workshop
from workshops.models import Participant, State, Workshop

LESSON = "/courses/sarafa-bazaar/day-2/"


@pytest.fixture(autouse=True)
def counters(inside):
    cache.clear()


@pytest.fixture
def link(workshop) -> str:
    return f"/join/{workshop.code}/"


def me(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def test_a_visitor_joins_with_a_name_alone(client, workshop, link):
    page = client.get(link)
    assert workshop.title in page.content.decode()
    assert b"email" not in page.content
    answer = client.post(link, {"name": "  Esha \n"})
    assert answer.url == f"/workshops/{workshop.code}/"
    assert (me(client).name, me(client).is_guest) == ("Esha", True)
    assert workshop.participants.get().learner == me(client)


def test_the_learners_page_has_the_personal_code_and_the_way_to_the_lesson(client, workshop, link):
    page = client.post(link, {"name": "Esha"}, follow=True).content.decode()
    assert workshop.participants.get().spoken_code in page
    assert f'href="{LESSON}"' in page


@pytest.mark.parametrize("typed", ["{code}", "{spoken}", "{upper}", " {upper} "])
def test_a_code_is_found_however_it_is_typed(client, workshop, link, typed):
    text = typed.format(code=workshop.code, spoken=workshop.spoken_code, upper=workshop.spoken_code.upper())
    assert client.post("/join/", {"code": text}).url == link


def test_a_link_with_capitals_and_hyphens_leads_to_the_workshop(client, workshop, link):
    assert client.get(f"/join/{workshop.spoken_code.upper()}/").url == link


@pytest.mark.parametrize("typed", ["", "abcdefgh", "../../admin/", "<script>alert(1)</script>", "x" * 5000, "a\x00b"])
def test_a_wrong_code_is_said_to_be_wrong(client, workshop, typed):
    answer = client.post("/join/", {"code": typed})
    assert answer.status_code == 404
    assert "eight letters" in answer.content.decode()
    assert b"<script>alert" not in answer.content


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b"])
def test_who_gives_no_name_is_asked_again(client, workshop, link, name):
    assert client.post(link, {"name": name}).status_code == 400
    assert not User.objects.filter(is_guest=True).exists()


def test_a_name_is_text_and_no_markup(client, workshop, link):
    page = client.post(link, {"name": "<img src=x onerror=alert(1)>"}, follow=True).content
    assert b"<img src=x" not in page
    assert b"&lt;img src=x" in page


def test_a_participant_who_opens_the_link_again_goes_to_the_lesson(signed_in, participant, link):
    assert signed_in(participant.learner).get(link).url == LESSON


def test_the_lesson_is_the_first_day_that_is_not_done(signed_in, participant, workshop, link):
    Workshop.objects.update(days=["day-1", "day-2"])
    seat = signed_in(participant.learner)
    assert seat.get(link).url == "/courses/sarafa-bazaar/day-1/"
    from courses import catalogue

    for goal in catalogue.find_lesson("sarafa-bazaar", "day-1", "en").goals:
        participant.learner.enroll("sarafa-bazaar").complete("day-1", goal)
    assert seat.get(link).url == LESSON


def test_a_course_that_is_gone_leaves_the_learners_page(signed_in, participant, workshop, link):
    Workshop.objects.update(course="gone")
    seat = signed_in(participant.learner)
    assert seat.get(link).url == f"/workshops/{workshop.code}/"
    assert seat.get(f"/workshops/{workshop.code}/").status_code == 200


def test_a_guest_joins_as_who_they_are_and_may_change_their_name(signed_in, charlie, workshop, link):
    seat = signed_in(charlie)
    assert 'value="Charlie"' in seat.get(link).content.decode()
    seat.post(link, {"name": "Charlie B."})
    charlie.refresh_from_db()
    assert (workshop.participants.get().learner, charlie.name) == (charlie, "Charlie B.")


def test_an_account_joins_under_its_own_name(signed_in, workshop, link):
    esha = User.objects.create_user("esha", password="learns docker", name="Esha")
    assert signed_in(esha).post(link, {"name": "Somebody"}).status_code == 302
    esha.refresh_from_db()
    assert (workshop.participants.get().learner, esha.name) == (esha, "Esha")


def test_a_browser_that_was_a_guest_before_is_the_same_learner(client, workshop, link):
    client.post("/start/")
    before = me(client)
    client.post("/sign-out/")
    client.post(link, {"name": "Esha"})
    assert me(client) == before


def test_somebody_else_at_that_browser_is_another(client, workshop, link):
    client.post("/start/")
    before = me(client)
    client.post("/sign-out/")
    client.post(link, {"name": "Esha", "afresh": "on"})
    assert me(client) != before


def test_the_same_name_twice_is_two_participants(workshop, link):
    for client in (Client(), Client()):
        assert client.post(link, {"name": "Ravi"}).status_code == 302
    assert workshop.participants.count() == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": State.PLANNED}, "not open yet"),
        ({"state": State.CLOSED}, "is closed"),
        ({"capacity": 0}, "is full"),
        ({"guests_allowed": False}, "with an account"),
    ],
)
def test_who_cannot_join_is_told_why(client, workshop, link, change, words):
    Workshop.objects.update(**change)
    assert words in client.get(link).content.decode()
    answer = client.post(link, {"name": "Esha"})
    assert answer.status_code == 409
    assert words in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_the_language_is_the_workshops_unless_the_browser_has_chosen(workshop, link):
    Workshop.objects.update(language="hi")
    fresh, settled = Client(), Client()
    settled.cookies["django_language"] = "en"
    fresh.post(link, {"name": "Esha"})
    answer = settled.post(link, {"name": "Ravi"})
    assert fresh.cookies["django_language"].value == "hi"
    assert "django_language" not in answer.cookies


def test_a_visitors_right_answers_count_when_they_join(client, workshop, link):
    from courses import catalogue

    quiz = catalogue.find_lesson("sarafa-bazaar", "day-2", "en").quizzes[0]
    right = next(number for number, option in enumerate(quiz.options) if option.correct)
    client.post(f"{LESSON}quiz/{quiz.id}/", {"option": right})
    client.post(link, {"name": "Esha"})
    assert Completion.objects.of(me(client)).get().task == quiz.goal


# --- back by a personal code ---


def test_a_personal_code_signs_in_on_another_device(client, participant, workshop):
    answer = client.post("/join/back/", {"personal_code": participant.spoken_code.upper()})
    assert answer.url == f"/workshops/{workshop.code}/"
    assert me(client) == participant.learner


def test_a_wrong_personal_code_signs_nobody_in(client, participant):
    answer = client.post("/join/back/", {"personal_code": participant.personal_code[:-1] + "x!"})
    assert answer.status_code == 404
    assert "_auth_user_id" not in client.session


def test_a_personal_code_of_somebody_with_a_password_signs_nobody_in(client, workshop, join, bob):
    answer = client.post("/join/back/", {"personal_code": join(workshop, bob).personal_code})
    assert answer.status_code == 404
    assert "_auth_user_id" not in client.session


# --- guessing ---


def guess(client: Client, times: int, **headers: str) -> list[int]:
    return [client.post("/join/", {"code": f"wrong{number}"}, **headers).status_code for number in range(times)]


@pytest.mark.slow
def test_a_code_tried_a_thousand_times_is_not_found(client, workshop, link):
    assert guess(client, 1000) == [404] * 60 + [429] * 940
    answer = client.post("/join/", {"code": workshop.code})
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 600
    assert "few minutes" in answer.content.decode()
    assert client.get(link).status_code == client.post(link, {"name": "Charlie"}).status_code == 429


@pytest.mark.slow
def test_links_with_wrong_codes_count_as_well(client, workshop):
    answers = [client.get(f"/join/wrong{number}/").status_code for number in range(61)]
    assert answers == [404] * 60 + [429]


@pytest.mark.slow
def test_another_address_may_still_join(client, workshop, link):
    guess(client, 61)
    assert Client().post(link, {"name": "Esha"}, REMOTE_ADDR="10.0.0.9").status_code == 302


@pytest.mark.slow
def test_who_takes_part_is_not_locked_out_by_others_at_their_address(client, signed_in, participant, link, bob):
    other = make_workshop(bob)
    guess(client, 61)
    seat = signed_in(participant.learner)
    assert seat.get(link).status_code == 302
    assert seat.post(f"/join/{other.code}/", {"name": "Alice"}).status_code == 302


@pytest.mark.slow
def test_who_takes_part_cannot_guess_without_end_either(signed_in, participant):
    assert guess(signed_in(participant.learner), 61)[-1] == 429


def test_personal_codes_cannot_be_guessed(client, participant):
    answers = [client.post("/join/back/", {"personal_code": f"wrong{n}"}).status_code for n in range(21)]
    assert answers == [404] * 20 + [429]
    assert client.post("/join/back/", {"personal_code": participant.personal_code}).status_code == 429


@pytest.mark.slow
def test_a_class_behind_one_address_joins_within_seconds(settings, bob):
    settings.GUESTS_PER_HOUR = 1
    workshop = make_workshop(bob, capacity=100)
    answers = [Client().post(f"/join/{workshop.code}/", {"name": f"L {n}"}).status_code for n in range(100)]
    assert answers == [302] * 100


@pytest.mark.slow
def test_nobody_is_refused_while_the_counter_is_away(client, workshop, link, monkeypatch):
    class Away:
        def add(self, *args: object) -> None:
            raise RedisConnectionError("gone")

        get = add

    monkeypatch.setattr("courses.limits.cache", Away())
    assert guess(client, 70) == [404] * 70
    assert client.post(link, {"name": "Esha"}).status_code == 302


# --- the learner's page ---


def test_a_strangers_page_is_not_found_and_a_visitor_is_led_to_the_door(client, signed_in, charlie, workshop, link):
    assert signed_in(charlie).get(f"/workshops/{workshop.code}/").status_code == 404
    assert client.get(f"/workshops/{workshop.code}/").url == link
    assert signed_in(charlie).post(f"/workshops/{workshop.code}/leave/").status_code == 404
    assert client.post(f"/workshops/{workshop.code}/leave/").status_code == 401


def test_mates_are_shown_only_where_progress_is_shared(signed_in, participant, charlie, join, workshop):
    join(workshop, charlie)
    seat, url = signed_in(participant.learner), f"/workshops/{workshop.code}/"
    assert b"Charlie" not in seat.get(url).content
    Workshop.objects.update(progress_shared=True)
    assert b"Charlie" in seat.get(url).content


def test_somebody_with_an_account_has_no_use_for_a_personal_code(signed_in, workshop, join, bob):
    page = signed_in(bob).get(f"/workshops/{workshop.code}/")
    assert page.status_code == 404
    code = join(workshop, bob).spoken_code
    assert code not in signed_in(bob).get(f"/workshops/{workshop.code}/").content.decode()


def test_a_learner_leaves(signed_in, participant, workshop):
    seat = signed_in(participant.learner)
    assert seat.get(f"/workshops/{workshop.code}/leave/").status_code == 405
    assert seat.post(f"/workshops/{workshop.code}/leave/").url == "/join/"
    assert not Participant.objects.exists()


def test_forms_want_a_token(workshop, link):
    client = Client(enforce_csrf_checks=True)
    assert client.post(link, {"name": "Esha"}).status_code == 403
    assert client.post("/join/back/", {"personal_code": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["/join/", "/join/back/", "/join/abcdefgh/"])
def test_pages_have_no_other_methods(client, db, path):
    assert client.delete(path).status_code == 405
