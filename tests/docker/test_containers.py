"""The life of a sandbox's container, on a real engine."""

import gc
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import override_settings

from sandbox import containers, engine, inspection, programs
from sandbox.container import here, local
from tests.parts import until

POHA = "warehouse:5000/sarafa/poha"


def test_creating_it_again_leaves_one(new_spec):
    spec = new_spec()
    first = containers.create(spec)
    second = containers.create(spec)
    assert first != second
    assert containers.living()[spec.code] == second.id
    assert first.id not in containers.living().values()
    containers.remove(second)


def test_removing_it_again_is_no_error(new_spec):
    spec = new_spec()
    container = containers.create(spec)
    containers.remove(container)
    containers.remove(container)
    containers.remove(containers.at(local(), spec.code))
    assert spec.code not in containers.living()


@pytest.fixture
def no_garbage_collected():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def ask(place) -> None:
    assert place.owner("true") == (0, "")


def feed(place) -> None:
    assert programs.feed(place.container, ["cat"], "root", b"poha", 10) == 0


def hold_a_line(place) -> None:
    line = programs.Line(place.container, ["cat"], "root")
    assert line.ask(10, 100) == b""
    line.close()


@pytest.mark.parametrize("what", [ask, feed, hold_a_line])
def test_what_was_asked_leaves_no_connection_behind(what, alices, monkeypatch, no_garbage_collected):
    monkeypatch.setattr(engine, "_thread", threading.local())
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(12):  # each asks at addresses of its own
        what(alices)
    assert len(os.listdir("/proc/self/fd")) == before


def test_it_is_ready_when_the_daemon_answers(alices):
    code, output = alices.learner("docker info --format '{{.ServerVersion}} {{.Driver}}'")
    assert code == 0
    assert output.split()[1] == "overlay2"


def test_waiting_for_one_that_ends_tells_what_it_printed(new_spec):
    spec = new_spec()
    with override_settings(SANDBOX_IMAGE="sarafa-bazaar/dish-poha"):
        container = containers.create(spec)
    started = time.monotonic()
    with pytest.raises(containers.NotReady, match="served by"):
        containers.wait_ready(container, timeout=10)
    assert time.monotonic() - started < 9
    engine.client().wait(container.id)
    assert containers.ended()[spec.code] == container.id
    containers.remove(container)


def test_a_missing_image_is_named_as_such_and_leaves_nothing(new_spec):
    spec = new_spec()
    with (
        override_settings(SANDBOX_IMAGE="sarafa-bazaar/none"),
        pytest.raises(engine.ImageMissing, match=r"manage\.py images"),
    ):
        containers.create(spec)
    assert spec.code not in containers.living() | containers.ended()


def test_an_engine_that_is_not_there_is_said_to_be(settings):
    settings.DOCKER_HOST = "unix:///nowhere.sock"
    with pytest.raises(engine.EngineUnreachable, match=r"unix:///nowhere\.sock"):
        engine.connect()


@pytest.mark.parametrize("uid", [0, 1000, containers.ROOT_UID, containers.ROOT_UID + 1000])
def test_nobody_but_an_owner_may_run_anything(alices, uid):
    with pytest.raises(ValueError, match="cannot own"):
        containers.run(alices.container, uid, ["true"], 5)


def test_a_command_that_takes_too_long_is_ended(alices):
    started = time.monotonic()
    code, _ = alices.learner("sleep 77", timeout=1)
    assert code == 124
    assert time.monotonic() - started < 20
    assert alices.learner("pgrep -f 'sleep 7[7]'")[0] == 1


def test_asking_a_container_that_is_gone_says_so(new_spec):
    with pytest.raises(engine.ContainerGone):
        inspection.ask(here("no-such-container"), new_spec().owner_uid)
    with pytest.raises(engine.ContainerGone):
        containers.daemon_log(here("no-such-container"))


# --- facts ---


def test_facts_of_an_untouched_daemon(fresh):
    facts = fresh.facts()
    assert facts["containers"] == facts["images"] == facts["volumes"] == facts["build_cache"] == []
    assert {network["Name"] for network in facts["networks"]} == {"bridge", "host", "none"}


def test_facts_tell_what_the_learner_made(alices):
    alices.learner(f"docker run -d --name stall {POHA} open; docker volume create jar")
    alices.learner("docker exec stall sh -c 'echo x > /counter/note'")
    facts = alices.facts()
    stall = next(found for found in facts["containers"] if found["Name"] == "/stall")
    assert stall["State"]["Running"]
    assert stall["Config"]["Image"] == POHA
    assert {"Path": "/counter/note", "Kind": 1} in stall["Changes"]
    assert facts["images"][0]["RepoTags"] == [f"{POHA}:latest"]
    assert [volume["Name"] for volume in facts["volumes"]] == ["jar"]


def test_facts_tell_how_images_were_built_and_what_the_cache_was_good_for(fresh):
    build = f"printf 'FROM {POHA}\nRUN echo x > /counter/note' | docker build --quiet --tag noted -"
    fresh.learner(f"docker pull {POHA}; {build}; {build}")
    facts = fresh.facts()
    noted = next(image for image in facts["images"] if image["RepoTags"] == ["noted:latest"])
    poha = next(image for image in facts["images"] if image["RepoTags"] == [f"{POHA}:latest"])
    assert noted["Layers"][:-1] == poha["Layers"]
    assert noted["History"][0]["CreatedBy"].startswith("RUN /bin/sh -c echo x")
    assert noted["Config"]["Cmd"] == ["serve"]
    (step,) = [record for record in facts["build_cache"] if "echo x" in record["Description"]]
    assert step["UsageCount"] == 2


def test_facts_are_had_of_fifty_containers_at_most(fresh):
    fresh.learner(f"for i in $(seq 55); do docker create {POHA}; done", timeout=60)
    assert len(fresh.facts()["containers"]) == 50


def test_every_call_of_a_check_is_marked(alices):
    alices.learner("docker ps")
    before = containers.daemon_log(alices.container)[-1][0]
    alices.facts()
    calls = [line for _, line in containers.daemon_log(alices.container, before) if "Calling" in line]
    assert len(calls) >= 4
    assert all("by=check" in line for line in calls)
    earlier = [line for at, line in containers.daemon_log(alices.container) if at <= before and "Calling" in line]
    assert any("/containers/json" in line and "by=check" not in line for line in earlier)


def askers(place) -> list[str]:
    """The programs in a sandbox that answer checks, by number."""
    return place.owner("pgrep -f '/sbx/fact[s]'")[1].split()


def test_who_asks_again_asks_the_same_program(fresh):
    fresh.facts()
    first = askers(fresh)
    fresh.learner("docker volume create jar")
    assert [volume["Name"] for volume in fresh.facts()["volumes"]] == ["jar"]
    assert askers(fresh) == first
    assert len(first) == 1


def test_who_asks_while_another_asks_does_not_wait_for_them(fresh):
    with ThreadPoolExecutor() as threads:
        told = list(threads.map(lambda _: fresh.facts(), range(6)))
    assert all({network["Name"] for network in one["networks"]} == {"bridge", "host", "none"} for one in told)
    until(lambda: len(askers(fresh)) == 1, 5, "the others' end")


def test_a_program_that_was_ended_is_followed_by_another(fresh):
    fresh.facts()
    fresh.owner("pkill -KILL -f '/sbx/fact[s]'")
    assert fresh.facts()["networks"]


@pytest.fixture
def kept_for_a_moment(monkeypatch):
    monkeypatch.setattr(inspection, "KEPT_SECONDS", 1)
    monkeypatch.setattr(inspection, "kept_lines", inspection.KeptLines())


def test_a_line_that_nobody_asks_over_is_closed_though_nobody_else_asks(fresh, kept_for_a_moment):
    for _ in range(2):
        fresh.facts()
        assert askers(fresh)
        until(lambda: not askers(fresh), 5, "the program's end")
    assert not inspection.kept_lines.kept


def test_lines_are_kept_of_the_newest_only(fresh, alices, monkeypatch, kept_for_a_moment):
    monkeypatch.setattr(inspection, "KEPT_SECONDS", 60)
    monkeypatch.setattr(inspection, "KEPT", 1)
    fresh.facts()
    alices.facts()
    until(lambda: not askers(fresh), 5, "the program's end")
    assert askers(alices)


def test_a_daemon_that_is_down_is_an_error_not_an_empty_answer(fresh):
    fresh.facts()
    fresh.root("pkill -STOP -x dockerd")
    with pytest.raises(engine.EngineError, match="did not answer"):
        fresh.facts()
    fresh.root("pkill -CONT -x dockerd")
    assert fresh.facts()["networks"]


# --- the log ---


def test_the_log_goes_on_where_it_was_left(alices):
    first = containers.daemon_log(alices.container)
    assert any(containers.READY in line for _, line in first)
    assert [at for at, _ in first] == sorted(at for at, _ in first)
    alices.learner("docker volume ls")
    more = containers.daemon_log(alices.container, first[-1][0])
    assert any("GET /v1.45/volumes" in line for _, line in more)
    assert not set(more) & set(first)


# --- two learners ---


def test_two_sandboxes_share_nothing(alices, charlies):
    alices.learner("echo mine > secret; docker volume create alices-jar")
    assert charlies.learner("cat secret")[0] != 0
    assert "alices-jar" not in charlies.learner("docker volume ls")[1]
    ids = {place.learner("docker info --format '{{.ID}}'")[1] for place in (alices, charlies)}
    assert len(ids) == 2


def test_the_owner_of_one_cannot_enter_another(alices, charlies):
    code, out, err = containers.run(
        alices.container, charlies.spec.owner_uid, ["/sbx/enter", "cat", "/home/learner/secret"], 5
    )
    assert code != 0
    assert b"mine" not in out
    assert b"not permitted" in err


def test_a_sandbox_goes_even_if_something_in_it_is_frozen(new_place):
    """On cgroups of version 1 a process that `docker pause` has frozen cannot be killed: the engine waited for it."""
    place = new_place()
    assert (
        place.learner(f"docker run -d --name frozen --entrypoint sleep {POHA} 600 && docker pause frozen", 60)[0] == 0
    )
    engine.pause(place.container)  # asleep besides
    began = time.monotonic()
    containers.remove(place.container)
    assert time.monotonic() - began < 9
    assert place.spec.code not in containers.made()


def test_whoever_freezes_and_hides_in_a_sandbox_goes_with_it(new_place):
    place = new_place()
    code, state = place.root("""
        cd /sys/fs/cgroup/freezer; mkdir -p mine; sleep 600 & sleep 0.2; echo $! > mine/cgroup.procs
        nohup setsid sh -c 'while :; do echo FROZEN > mine/freezer.state; done' > /dev/null 2>&1 &
        sleep 0.3; cat mine/freezer.state; mount -t tmpfs hidden /sys/fs/cgroup; mount -t tmpfs hidden /mnt""")
    if engine.cgroup_version(local()) == "1":  # version 2 kills what is frozen
        assert (code, state) == (0, "FROZEN\n")
    began = time.monotonic()
    containers.remove(place.container)
    assert time.monotonic() - began < 9
    assert place.spec.code not in containers.made()
