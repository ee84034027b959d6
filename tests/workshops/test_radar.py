"""The radar: who is stuck on the same, in the daemon's own words."""

from datetime import UTC, datetime, timedelta

import pytest

from workshops import radar
from workshops.radar import Stuck

NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
PORT = (
    "driver failed programming external connectivity on endpoint {name} ({id}): "
    "Bind for 0.0.0.0:{port} failed: port is already allocated"
)


def stuck(participant: int, error: str = "", **fields: object) -> Stuck:
    return Stuck(participant, NOW + timedelta(seconds=participant), error, **fields)


def test_the_same_mistake_with_other_names_is_one_group_named_by_the_error():
    errors = [PORT.format(name=name, id=name[0] * 64, port=port) for name, port in (("web", 80), ("poha", 8080))]
    (group,) = radar.grouped([stuck(1, errors[0], command="docker run -p 80:80"), stuck(2, errors[1])])
    assert group.name == "port is already allocated"
    told = group.as_json()
    assert told["members"] == [1, 2]
    assert (told["example"], told["command"]) == (errors[0], "docker run -p 80:80")


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ('No such container: "web"', "No such container: stall-2"),
        ("unheard: container 0123456789abcdef is 3 days old", "unheard: container fedcba9876543210 is 4 days old"),
        ("pull access denied for warehouse:5000/alice/x", "pull access denied for bob/y, repository does not exist"),
        ('Conflict. The container name "/a" is already in use by container "b1".',
         'Conflict. The container name "/c" is already in use by container "d2".'),
    ],
)  # fmt: skip
def test_what_is_one_learners_own_does_not_part_a_group(one, another):
    assert radar.phrase_of(one) == radar.phrase_of(another) != ""


def test_different_errors_are_different_groups_the_largest_first():
    groups = radar.grouped(
        [stuck(1, "no space left on device"), stuck(2, "manifest unknown"), stuck(3, "manifest unknown")]
    )
    assert [(group.name, len(group.members)) for group in groups] == [
        ("manifest unknown", 2),
        ("no space left on device", 1),
    ]


def test_learners_who_are_slow_at_one_task_are_a_group_by_what_was_found():
    slow = [stuck(number, lesson="day-2", task="first-order", found="no container") for number in (1, 2)]
    (group,) = radar.grouped([*slow])
    assert (group.kind, group.name, group.task) == ("task", "no container", "first-order")


def test_an_error_of_any_length_or_shape_has_a_name_that_fits():
    assert len(radar.phrase_of("x " * 5000)) <= radar.LONGEST
    assert radar.phrase_of("\n\t  a\u202e<b>\n") == "a\u202e<b>"


def test_slow_is_who_tries_and_takes_more_than_twice_the_time():
    minute = timedelta(minutes=1)
    assert radar.is_slow(11 * minute, 5 * minute, tries=2)
    assert not radar.is_slow(9 * minute, 5 * minute, tries=9)
    assert not radar.is_slow(99 * minute, 5 * minute, tries=1)
    assert not radar.is_slow(99 * minute, timedelta(), tries=9)


def test_what_is_done_by_the_very_command_that_failed_shows_nothing():
    second = timedelta(seconds=1)
    assert not radar.is_over(NOW, NOW + 3 * second)
    assert radar.is_over(NOW, NOW + 30 * second)
