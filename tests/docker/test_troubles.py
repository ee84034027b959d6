"""What the real daemon says when it refuses a command, and what the radar makes of it."""

import pytest

from courses.models import User
from sandbox import tasks
from sandbox.models import Trouble
from workshops.radar import phrase_of

POHA = "warehouse:5000/sarafa/poha"
STALL = "warehouse:5000/sarafa/garadu"
# What a learner does, and what all who do the like have in common.
MISTAKES = {
    "docker run -d --name one -p 8080:80 nginx; docker run -d --name two -p 8080:80 nginx": "port is already allocated",
    f"docker run -d --name twin {STALL}; docker run -d --name twin {STALL}": "is already in use by container",
    "docker stop nobody": "No such container",
    "docker rmi nothing": "No such image",
    f"docker pull {POHA}:never": "manifest unknown",
    "docker run -d --name busy nginx; docker rm busy": "container is running: stop the container before removing",
    f"docker run {POHA} no-such-program": "executable file not found in $PATH",
    f"docker run -d --name holder -v jar:/jar {STALL}; docker volume rm jar": "volume is in use",
    f"docker run --network nowhere {POHA}": "network nowhere not found",
    f"docker run -d --name user {STALL}; docker rmi {STALL}": "is using its referenced image",
    "docker exec nobody ls": "No such container",
    f"docker tag {POHA} warehouse:5000/somebody-else/poha; docker push warehouse:5000/somebody-else/poha": (
        "This is not a place of yours"
    ),
}


def troubles(place, learner: User) -> list[Trouble]:
    facts = tasks.known_of(place.container, place.spec.owner_uid)
    Trouble.objects.note(learner, facts["commands"])
    return list(Trouble.objects.of(learner).open().order_by("at"))


@pytest.mark.parametrize(("command", "phrase"), MISTAKES.items())
def test_the_radar_names_it_in_the_daemons_words(alices, alice, command, phrase):
    code, output = alices.learner(command, 60)
    assert code != 0, output
    last = troubles(alices, alice)[-1]
    assert phrase_of(last.error) == phrase
    assert last.command in command


def test_what_went_well_in_the_end_is_no_trouble(charlies, alice):
    charlies.learner(f"docker run --rm {POHA}", 60)  # which begins with "No such image"
    assert troubles(charlies, alice) == []


def test_a_command_done_right_mends_the_one_before(charlies, alice):
    charlies.learner("docker stop nobody")
    assert [trouble.command for trouble in troubles(charlies, alice)] == ["docker stop nobody"]
    charlies.learner(f"docker run -d --name somebody {STALL}; docker stop -t 0 somebody", 60)
    assert troubles(charlies, alice) == []
    assert Trouble.objects.of(alice).count() == 1
