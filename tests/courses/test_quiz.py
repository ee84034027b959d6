import pytest
from django.test import Client

from courses.models import Completion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shelf")]

LESSON = "/courses/sarafa-bazaar/day-2/"
QUIZ = f"{LESSON}quiz/who/"
JSON = {"accept": "application/json"}


def test_an_answer_leads_back_to_its_question_and_is_explained(client):
    response = client.post(QUIZ, {"option": "0"})
    assert (response.status_code, response.url) == (302, f"{LESSON}#quiz-who")
    assert "It only asks." in client.get(LESSON).text


def test_a_script_gets_the_answer_as_json(client):
    assert client.post(QUIZ, {"option": "0"}, headers=JSON).json() == {
        "right": False,
        "why": "It only asks.",
        "option": 0,
    }
    assert client.post(QUIZ, {"option": "1"}, headers=JSON).json()["right"] is True


def test_a_right_answer_is_kept_for_a_learner(alice, charlie, signed_in):
    client = signed_in(alice)
    client.post(QUIZ, {"option": "0"})
    assert not Completion.objects.exists()
    client.post(QUIZ, {"option": "1"})
    client.post(QUIZ, {"option": "1"})
    assert Completion.objects.of(alice).get().task == "quiz-who"
    assert not Completion.objects.of(charlie).exists()


def test_a_learner_who_was_right_once_stays_done(alice, signed_in):
    client = signed_in(alice)
    client.post(QUIZ, {"option": "1"})
    client.post(QUIZ, {"option": "0"})
    page = client.get(LESSON).text
    assert 'data-quiz="who" data-state="done"' in page
    assert 'data-right="false"' in page


def test_a_visitor_may_answer_and_nothing_is_kept_of_them(client):
    client.post(QUIZ, {"option": "1"})
    assert 'data-quiz="who" data-state="done"' in client.get(LESSON).text
    assert not Completion.objects.exists()
    assert "data-right" not in Client().get(LESSON).text


def test_a_visitor_who_starts_keeps_what_they_answered_rightly(client):
    client.post(QUIZ, {"option": "1"})
    client.post("/start/")
    assert Completion.objects.get().task == "quiz-who"


@pytest.mark.parametrize("option", ["", "2", "-1", "one", "٣", "1e9", "9" * 5000])
def test_an_answer_that_is_no_option_is_refused(client, option):
    assert client.post(QUIZ, {"option": option}, headers=JSON).status_code == 400
    response = client.post(QUIZ, {"option": option}, follow=True)
    assert response.status_code == 200
    assert response.text.count('<li class="error">') == 1
    assert "Choose one of the answers." in response.text
    assert '<li class="error">' not in client.get(LESSON).text


def test_a_quiz_is_answered_by_post_with_a_token(client):
    assert client.get(QUIZ).status_code == 405
    assert Client(enforce_csrf_checks=True).post(QUIZ, {"option": "1"}).status_code == 403


def test_the_token_in_the_page_is_the_one_that_is_accepted():
    client = Client(enforce_csrf_checks=True)
    page = client.get(LESSON).text.split(' id="quiz-who"')[1]
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    assert client.post(QUIZ, {"option": "1", "csrfmiddlewaretoken": token}).status_code == 302


@pytest.mark.parametrize(
    "path", [f"{LESSON}quiz/none/", "/courses/sarafa-bazaar/day-9/quiz/who/", "/courses/x/y/quiz/who/"]
)
def test_an_unknown_quiz_is_404(client, path):
    assert client.post(path, {"option": "1"}).status_code == 404
