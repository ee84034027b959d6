"""How many sandboxes a machine holds, and whether it has room for one more now."""

from types import SimpleNamespace

import pytest

from sandbox import capacity

GIB = 2**30
measured_shortage = capacity.shortage  # the other tests' machine is never short of anything


@pytest.fixture
def machine(monkeypatch, settings):
    """A machine of our own measures, with more than enough of everything."""
    settings.SANDBOX_LIMIT, settings.SANDBOX_MEMORY = 0, "1g"
    machine = SimpleNamespace(total=64 * GIB, available=60 * GIB, disk=100 * GIB, late=0.0, processors=4)
    monkeypatch.setattr(
        capacity, "memory", lambda what="MemTotal": machine.total if what == "MemTotal" else machine.available
    )
    monkeypatch.setattr(capacity, "free_disk", lambda: machine.disk)
    monkeypatch.setattr(capacity, "processors", lambda: machine.processors)
    monkeypatch.setattr(capacity, "lateness", lambda: machine.late)
    capacity.derived.cache_clear()
    yield machine
    capacity.derived.cache_clear()


@pytest.mark.parametrize(
    ("size", "expected"), [("400m", 400 * 2**20), ("1g", 2**30), ("1.5GB", int(1.5 * 2**30)), ("7", 7), ("64k", 65536)]
)
def test_sizes_are_read_as_docker_writes_them(size, expected):
    assert capacity.in_bytes(size) == expected


@pytest.mark.parametrize("size", ["", "big", "-1g", "1t"])
def test_what_is_no_size_is_said_to_be_none(size):
    with pytest.raises(ValueError, match="is not a size"):
        capacity.in_bytes(size)


def test_memory_sets_the_limit(machine):
    machine.total = 12 * GIB
    assert capacity.limit() == (12 * GIB - capacity.RESERVE) // capacity.WORKING


def test_a_sandbox_that_may_take_less_than_is_usual_counts_as_that(machine, settings):
    machine.total, settings.SANDBOX_MEMORY = 4 * GIB, "32m"
    assert capacity.limit() == 64


def test_a_machine_of_24_gib_and_two_processors_holds_200(machine):
    machine.total, machine.processors = int(23.5 * GIB), 2
    assert capacity.limit() >= 200


def test_so_do_the_processors(machine):
    machine.processors = 2
    assert capacity.limit() == 240


def test_a_setting_overrides_both(machine, settings):
    settings.SANDBOX_LIMIT = 3
    assert capacity.limit() == 3


def test_a_small_machine_holds_at_least_one(machine):
    machine.total = GIB
    assert capacity.limit() == 1


def test_a_machine_with_room_is_short_of_nothing(machine):
    assert measured_shortage(0) == ""


@pytest.mark.parametrize(
    ("measure", "value", "word"), [("available", GIB, "memory"), ("disk", GIB, "disk"), ("late", 0.2, "busy")]
)
def test_what_it_is_short_of_is_named(machine, measure, value, word):
    setattr(machine, measure, value)
    assert word in measured_shortage(0)


def test_those_that_are_starting_are_counted_as_if_they_had_taken_theirs(machine):
    machine.available = capacity.SPARE + 3 * capacity.WORKING
    assert measured_shortage(2) == ""
    assert "memory" in measured_shortage(3)


def test_room_is_what_is_free_beyond_what_stays_so(machine):
    machine.available = capacity.SPARE + 3 * capacity.WORKING
    assert capacity.room() == 3
    machine.disk = capacity.DISK_SPARE + capacity.DISK_EACH
    assert capacity.room() == 1
    machine.available = 0
    assert capacity.room() == 0


def test_this_machine_is_measured():
    assert capacity.memory() > capacity.memory("MemAvailable") > 0
    assert capacity.free_disk() > 0
    assert 0 <= capacity.lateness() < 5
