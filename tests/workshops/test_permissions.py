"""Who may do what in a workshop: one table. A route or a socket without a row in it fails.

Each row is about a thing of Bob's workshop. What is refused changes nothing.
"""

from dataclasses import dataclass

import pytest
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone

from courses.models import AuditEntry, Completion, User
from sandbox.models import Sandbox
from tests.sandbox.pages import closed_with, page
from tests.workshops.conftest import make_workshop
from workshops import routing, urls
from workshops.models import Note, Participant, Watch, Workshop, WorkshopCertificate

pytestmark = pytest.mark.slow

ROLES = ["visitor", "participant", "learner of another", "instructor", "instructor of another", "administrator"]

# What a visitor, a participant, another workshop's learner, its instructor, another's and an administrator get.
LEARNERS = (401, 200, 404, 404, 404, 404)  # a participant's own buttons
TEACHERS = (401, 404, 404, 200, 404, 200)  # an instructor's buttons
DESK = (302, 404, 404, 200, 404, 200)  # an instructor's pages
ONE = {"code": "{code}", "participant": "{participant}"}


@dataclass(frozen=True)
class Row:
    """A route's name, how it is asked, and what each of ROLES gets."""

    name: str
    expected: tuple[int, ...]
    arguments: dict[str, str]
    data: dict[str, str] | None = None  # None: it is a page


ROOM = {"code": "{code}"}
ALL = (200, 200, 200, 200, 200, 200)
STAFF = (302, 404, 404, 200, 200, 200)  # a page for every instructor
TEACHERS_PAGE = (302, 404, 404, 200, 404, 200)  # a page of this workshop's instructors
TEACHERS_FORM = (401, 404, 404, 302, 404, 302)  # and what leads them on when it is done
TABLE = [
    Row("desk", STAFF, {}),
    Row("new", STAFF, {}),
    Row("edit", TEACHERS_PAGE, ROOM),
    Row("open", TEACHERS_FORM, ROOM, {}),
    Row("close", TEACHERS_FORM, ROOM, {}),
    Row("delete", TEACHERS_FORM, ROOM, {"code": "{code}"}),
    Row("join-card", TEACHERS_PAGE, ROOM),
    Row("console", TEACHERS_PAGE, ROOM),
    Row("wall", TEACHERS_PAGE, ROOM),
    Row("projector", TEACHERS_PAGE, ROOM),
    Row("watch", TEACHERS_PAGE, ONE),
    Row("gradebook", TEACHERS_PAGE, ROOM),
    Row("gradebook-csv", TEACHERS_PAGE, ROOM),
    Row("gradebook-json", TEACHERS_PAGE, ROOM),
    Row("report", TEACHERS_PAGE, ROOM),
    Row("record", TEACHERS_PAGE, ONE),
    Row("certificates", TEACHERS_PAGE, ROOM),
    Row("certificate", ALL, {"code": "{certificate}"}),
    Row("join", ALL, {}),
    Row("come-back", (404, 404, 404, 404, 404, 404), {}, {"personal_code": "wrong"}),
    Row("join-code", (200, 302, 200, 200, 200, 200), ROOM),  # who takes part goes on to the lesson
    Row("workshop", (302, 200, 404, 404, 404, 404), ROOM),
    Row("my-certificate", (302, 200, 404, 404, 404, 404), ROOM),
    Row("leave", (401, 302, 404, 404, 404, 404), ROOM, {}),
    Row("stage", (302, 200, 404, 200, 404, 200), ROOM),
    Row("send-note", TEACHERS, ROOM, {"to": "all", "text": "hello"}),
    Row("change-sandboxes", TEACHERS, ROOM, {"to": "all", "action": "stop"}),
    Row("show", TEACHERS, ROOM, {"on": "no"}),
    Row("mark-done", TEACHERS, ONE, {"task": "day-2/first-order"}),
    Row("rename", TEACHERS, ONE, {"name": "Somebody"}),
    Row("remove", TEACHERS, ONE, {}),
    Row("lower-hand", TEACHERS, ONE, {}),
    Row("keyboard", (401, 404, 404, 200, 404, 409), ONE, {"action": "ask"}),  # Bob watches, the administrator does not
    Row("hand", LEARNERS, ROOM, {"up": "no"}),
    Row("answer-keyboard", LEARNERS, {"code": "{code}", "watch": "{watch}"}, {"action": "refuse"}),
    Row("read-notes", LEARNERS, ROOM, {"ids": "{note}"}),
    Row("desk", (302, 404, 404, 200, 200, 200), {}),
    Row("new", (302, 404, 404, 200, 200, 200), {}),
    *(Row(name, DESK, ROOM) for name in ("edit", "open", "close", "delete", "join-card")),
    Row("join", (200,) * 6, {}),
    Row("come-back", (404,) * 6, {}, {"personal_code": "nobody's"}),
    Row("join-code", (200, 302, 200, 200, 200, 200), ROOM),
    Row("workshop", (302, 200, 404, 404, 404, 404), ROOM),
    Row("leave", (405,) * 6, ROOM),
]

# Close codes, or None for a socket that stays. The first five digits of the path after the code are the row's name.
FOR_CLASS = (4401, None, 4404, None, 4404, None)
SOCKETS = {
    "console/": (4401, 4404, 4404, None, 4404, None),
    "classroom/": (4401, None, 4404, 4404, 4404, 4404),
    "learners/{participant}/events/": (4401, 4404, 4404, None, 4404, None),
    "learners/{participant}/terminal/client/": (4401, 4404, 4404, None, 4404, None),
    "stage/terminal/": FOR_CLASS,
    "stage/events/": FOR_CLASS,
}


@pytest.fixture
def cast(workshop, participant, alice, bob, charlie, dora, admin, join):
    """Somebody of each role. Esha learns with Dora, so that both have a class of their own."""
    join(make_workshop(dora), charlie)
    return dict(zip(ROLES, (None, alice, charlie, bob, dora, admin), strict=True))


@pytest.fixture
def things(workshop, participant, bob, make) -> dict[str, str]:
    """Something to be changed of each kind."""
    now = timezone.now()
    Participant.objects.filter(pk=participant.pk).update(hand_at=now)
    Note.objects.send(bob, [participant], "Look at the port.", is_hint=False)
    watch = Watch.objects.begin(participant, bob, now)
    watch.ask()
    make(participant.learner)
    make(bob)
    Workshop.objects.update(showing=bob)
    learner = User.objects.create_guest("Farhan")
    certificate = WorkshopCertificate.objects.create(
        learner=learner, workshop=workshop, name="Farhan", title=workshop.title, days=[], goals=1, solutions=0
    )
    ids = {"participant": participant.pk, "watch": watch.pk, "note": Note.objects.get().pk}
    ids["certificate"] = certificate.code
    return {"code": workshop.code} | {name: str(pk) for name, pk in ids.items()}


KEPT: list[type[Model]] = [
    AuditEntry, Completion, Note, Participant, Sandbox, User, Watch, Workshop, Workshop.instructors.through,
]  # fmt: skip


def everything() -> list[object]:
    rows = [list(model._default_manager.order_by("pk").values()) for model in KEPT]
    for user in rows[KEPT.index(User)]:
        user.pop("last_login")
    return rows


def cases(table: list[Row]) -> list:
    return [
        pytest.param(row, role, row.expected[number], id=f"{row.name}-{role}".replace(" ", "-"))
        for row in table
        for number, role in enumerate(ROLES)
    ]


def filled(texts: dict[str, str], things: dict[str, str]) -> dict[str, str]:
    return {name: text.format(**things) for name, text in texts.items()}


@pytest.mark.parametrize(("row", "role", "expected"), cases(TABLE))
def test_the_table_holds(row, role, expected, cast, things, client):
    if cast[role]:
        client.force_login(cast[role])
    before = everything()
    url = reverse(f"workshops:{row.name}", kwargs=filled(row.arguments, things))
    answer = client.get(url) if row.data is None else client.post(url, filled(row.data, things))
    assert answer.status_code == expected
    if expected in (401, 403, 404) or (expected == 302 and row.data is None):
        assert everything() == before


@pytest.mark.parametrize("row", [row for row in TABLE if row.data is not None], ids=lambda row: row.name)
def test_looking_changes_nothing(row, cast, things, client):
    client.force_login(cast["instructor"])
    before = everything()
    answer = client.get(reverse(f"workshops:{row.name}", kwargs=filled(row.arguments, things)))
    assert answer.status_code in (200, 302, 405)
    assert everything() == before


def test_every_route_has_a_row():
    assert {pattern.name for pattern in urls.urlpatterns} == {row.name for row in TABLE}


# --- sockets ---


@pytest.mark.parametrize(
    ("path", "role", "code"),
    [
        pytest.param(path, role, codes[number], id=f"{path}-{role}".replace(" ", "-"))
        for path, codes in SOCKETS.items()
        for number, role in enumerate(ROLES)
    ],
)
@pytest.mark.django_db(transaction=True)
async def test_the_sockets_table_holds(path, role, code, cast, things, shell, logs, silent_stage):
    async with page(f"/ws/workshop/{things['code']}/{path.format(**things)}", cast[role]) as socket:
        if code:
            assert await closed_with(socket) == code
        else:
            await stays(socket)


@pytest.fixture
def silent_stage(monkeypatch):
    """What is shown is not read: there is no engine here."""
    from workshops.stage import Show

    async def play(self) -> None:
        """Say nothing."""

    monkeypatch.setattr(Show, "play", play)
    yield
    Show.running.clear()


async def stays(socket) -> None:
    """Look for half a second whether the socket is closed; frames before that are passed over."""
    import asyncio

    for _ in range(5):
        while not socket.output_queue.empty():
            assert (await socket.receive_output())["type"] != "websocket.close"
        await asyncio.sleep(0.1)


def test_every_socket_has_a_row():
    """Each row's path is taken by a route of its own, and no route is left over."""
    example = {"participant": "1"}
    taken = [
        route
        for path in SOCKETS
        for route in routing.websocket_urlpatterns
        if route.pattern.match(f"ws/workshop/abcd/{path.format(**example)}")
    ]
    assert len(taken) == len(SOCKETS)
    assert {id(route) for route in taken} == {id(route) for route in routing.websocket_urlpatterns}
