import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from courses import catalogue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shelf")]

COURSE = "/courses/sarafa-bazaar/"
LESSON = "/courses/sarafa-bazaar/day-2/"


@pytest.mark.parametrize("path", ["/", COURSE, LESSON, "/sign-in/"])
def test_a_visitor_can_read_every_page(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/", COURSE, LESSON, "/sign-in/"])
def test_a_learner_can_read_every_page(alice, signed_in, path):
    alice.enroll("sarafa-bazaar")
    response = signed_in(alice).get(path, follow=True)
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("name", "path"),
    [("home", "/"), ("course", COURSE), ("lesson", LESSON), ("start", "/start/")],
)
def test_paths_are_those_of_the_contract(name, path):
    args = [part for part in path.split("/") if part not in ("", "courses")] if "courses" in path else []
    assert reverse(f"courses:{name}", args=args) == path


@pytest.mark.parametrize("path", ["/", COURSE, LESSON])
def test_pages_are_only_read(client, path):
    assert client.post(path).status_code == 405


def test_the_lists_show_all_days_those_to_come_too(client):
    for path in ("/", COURSE):
        days = client.get(path).context["days"]
        assert [day.lesson.number for day in days] == [1, 2, 3]


def test_the_front_page_names_the_other_courses(client, folder):
    assert client.get("/").context["others"] == []
    call_command("course", "new", str(folder.parent / "tea"), "Tea in containers")
    catalogue.shelf._next_look = 0
    page = client.get("/").content.decode()
    assert '<a href="/courses/tea/">Tea in containers</a>' in page


def test_a_visitor_has_no_progress_and_starts_with_the_first_day_there_is(client):
    context = client.get("/").context
    assert context["progress"] is None
    assert [day.progress for day in context["days"]] == [None, None, None]
    assert context["next_lesson"].slug == "day-2"


def test_a_learner_sees_their_own_progress(alice, charlie, signed_in):
    alice.enroll("sarafa-bazaar").complete("day-2", "first-order")
    charlie.enroll("sarafa-bazaar")
    for learner, done in ((alice, 1), (charlie, 0)):
        context = signed_in(learner).get(COURSE).context
        assert (context["progress"].done, context["progress"].total) == (done, 2)
        assert context["days"][1].progress.done == done


def test_a_lesson_shows_a_learners_own_done_tasks(alice, charlie, signed_in):
    alice.enroll("sarafa-bazaar").complete("day-2", "first-order")
    charlie.enroll("sarafa-bazaar")
    assert 'data-task="first-order" data-state="done"' in signed_in(alice).get(LESSON).text
    assert 'data-task="first-order" data-state="open"' in signed_in(charlie).get(LESSON).text


def test_a_lesson_leads_to_the_ones_before_and_after(client):
    context = client.get(LESSON).context
    assert (context["previous"].slug, context["next"].slug) == ("day-1", "day-3")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/courses/nothing/", "no course of that name"),
        ("/courses/nothing/day-2/", "no lesson of that name"),
        (f"{COURSE}day-9/", "no lesson of that name"),
        (f"{COURSE}day-3/", "Day 3 is not open yet"),
    ],
)
def test_what_is_not_there_is_404_with_a_way_on(client, path, says):
    response = client.get(path)
    assert response.status_code == 404
    assert says in response.text
    assert [day.lesson.slug for day in response.context["days"]] == ["day-1", "day-2", "day-3"]


def test_a_lesson_with_a_mistake_says_so(client, folder):
    (folder / "day-3").mkdir()
    (folder / "day-3" / "index.md").write_text("no front matter")
    response = client.get(f"{COURSE}day-3/")
    assert response.status_code == 503
    assert "its file has a mistake" in response.text


def test_without_any_course_the_front_page_still_answers(client, folder):
    (folder / "course.yaml").write_text("title: [")
    response = client.get("/")
    assert response.status_code == 503
    assert "cannot be shown" in response.text


def test_a_visitor_reads_a_lesson_without_a_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get(LESSON)


def test_a_learner_reads_a_lesson_in_six_queries(alice, signed_in, django_assert_num_queries):
    enrollment = alice.enroll("sarafa-bazaar")
    for task in ("first-order", "quiz-who"):
        enrollment.complete("day-2", task)
    client = signed_in(alice)
    client.get(LESSON)  # the first time, that they read it is noted
    with django_assert_num_queries(6):  # session, user, enrolment, completions, solutions shown, workshop
        client.get(LESSON)


def test_the_course_page_costs_the_same_however_many_days(alice, signed_in, django_assert_num_queries):
    alice.enroll("sarafa-bazaar")
    client = signed_in(alice)
    with django_assert_num_queries(4):
        client.get(COURSE)


def test_a_lesson_is_read_in_ones_own_language(client, folder):
    hindi = "---\ntitle: ढाँचा\nsummary: कौन।\n---\n## रसोई {#kitchen}\n"
    (folder / "day-2" / "index.hi.md").write_text(hindi)
    response = client.get(LESSON, headers={"accept-language": "hi"})
    assert response.context["lesson"].language == "hi"
    assert "रसोई" in response.text
    assert "The kitchen" in client.get(LESSON, headers={"accept-language": "en"}).text


def test_signing_in_needs_the_right_password(db):
    from courses.models import User

    User.objects.create_user("bob", password="a-long-password")
    client = Client()
    wrong = client.post("/sign-in/", {"username": "bob", "password": "wrong"})
    assert (wrong.status_code, "_auth_user_id" in client.session) == (200, False)
    right = client.post("/sign-in/", {"username": "bob", "password": "a-long-password", "next": LESSON})
    assert (right.status_code, right.url) == (302, LESSON)
    assert "_auth_user_id" in client.session


def test_signing_in_does_not_lead_off_the_site(db):
    from courses.models import User

    User.objects.create_user("bob", password="a-long-password")
    form = {"username": "bob", "password": "a-long-password", "next": "https://evil.example/"}
    assert Client().post("/sign-in/", form).url == "/"
