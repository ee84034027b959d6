"""The warehouse over time: its door when either end dies, what is cleared away, and images brought from elsewhere."""

import json
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from docker.types import LogConfig

from sandbox import accounts, door, engine, images, tasks, warehouse
from sandbox.container import here

ROOT = Path(__file__).resolve().parent.parent.parent
POHA = "warehouse:5000/sarafa/poha"
STORED = f"{warehouse.STORAGE}/docker/registry/v2"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
HOLD = """
import sys, threading, django
django.setup()
from django.conf import settings
settings.INSTALLATION = sys.argv[1]
from sandbox import door
door.serve(threading.Event())
"""


def ask(place) -> str:
    return place.learner("curl -sS -m 5 -o /dev/null -w '%{http_code} %{time_total}' http://warehouse:5000/token")[1]


def until(true: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def lines_held() -> int:
    return len(engine.client().inspect_container(warehouse.container_name())["ExecIDs"] or [])


def kill_doors(number: int) -> None:
    """End the oldest doors, which is the open one first."""
    find = "for p in /proc/[0-9]*; do grep -qs bin/door $p/cmdline && echo ${p#/proc/}; done | sort -n"
    warehouse.run(["sh", "-c", f"kill -KILL $({find} | head -n {number})"])


@pytest.fixture
def another(installation) -> Iterator[subprocess.Popen]:
    """A process of its own that holds a line, too, and waits for its turn."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, installation], cwd=ROOT)
    try:
        until(lambda: lines_held() == 2)
        yield process
    finally:
        process.kill()
        process.wait()
        until(lambda: lines_held() == 1)


def test_a_token_comes_quickly(alices):
    answers = [ask(alices).split() for _ in range(20)]
    assert {code for code, _ in answers} == {"200"}
    assert statistics.median(float(seconds) for _, seconds in answers) < 0.5


def test_when_the_door_dies_it_is_opened_again(alices):
    kill_doors(1)
    until(lambda: ask(alices).startswith("200"))


def test_while_nobody_holds_it_there_is_an_answer(alices, monkeypatch):
    monkeypatch.setattr(door, "opened", lambda: (_ for _ in ()).throw(engine.EngineError("away")))
    kill_doors(1)
    until(lambda: lines_held() == 0)
    assert warehouse.status() == "nobody answers at its door"
    code, output = alices.learner("docker pull warehouse:5000/sarafa/jalebi")
    assert code != 0
    assert "503" in output or "The warehouse does not answer" in output
    monkeypatch.undo()
    until(lambda: ask(alices).startswith("200"))
    assert warehouse.status() == "ok"


def test_another_process_takes_over_and_when_it_is_killed_the_first(alices, another):
    kill_doors(1)
    until(lambda: ask(alices).startswith("200"))
    until(lambda: lines_held() == 2)
    another.send_signal(signal.SIGKILL)
    another.wait()
    until(lambda: lines_held() == 1)
    until(lambda: ask(alices).startswith("200"))


def test_one_that_hangs_is_given_up_and_the_next_takes_over(alices, another):
    kill_doors(1)
    until(lambda: lines_held() == 2)
    another.send_signal(signal.SIGSTOP)
    until(lambda: ask(alices).startswith("200"), 60)


def test_nonsense_at_the_door_harms_nobody(alices):
    for nonsense in (
        "-X POST -d x http://warehouse:5000/token", "http://warehouse:5000/token?$(printf 'x%.0s' $(seq 7000))",
        "-H $'Authorization: Basic \\t\\x01\\xff' http://warehouse:5000/token", "http://warehouse:5000/token%09%0a",
        "-H \"Authorization: $(printf 'x%.0s' $(seq 7000))\" http://warehouse:5000/token",
        "-I http://warehouse:5000/token",
    ):  # fmt: skip
        alices.learner(f"curl -sS -m 5 {nonsense}")
        assert ask(alices).startswith("200"), nonsense


def test_a_crowd_at_the_door_waits_and_is_served(fresh, charlies):
    one = "curl -sS -m 20 -o /dev/null -w '%{http_code}\\n' http://warehouse:5000/token"
    crowd = f"for i in $(seq 40); do {one} & done; wait"
    assert fresh.learner(crowd, timeout=60)[1].split() == ["200"] * 40
    assert ask(charlies).startswith("200")


# --- order on the shelves ---


def push(place, name: str, content: str) -> str:
    """Push an image with one file; return the digest of its layer."""
    image = f"warehouse:5000/{place.account.space}/{name}"
    place.learner(f"echo {content} > file; printf 'FROM scratch\\nCOPY file /\\n' > Dockerfile")
    code, output = place.learner(f"bash -lc 'docker build -q -t {image} . && docker push -q {image}'")
    assert code == 0, output
    bearer = place.learner(
        f"curl -fsS 'http://warehouse:5000/token?scope=repository:{place.account.space}/{name}:pull'"
    )
    header = f"-H 'Authorization: Bearer {json.loads(bearer[1])['token']}' -H 'Accept: {MANIFEST}'"
    ask = f"curl -fsS {header} http://warehouse:5000/v2/{place.account.space}/{name}/manifests/latest"
    return json.loads(place.learner(ask)[1])["layers"][0]["digest"]


def is_kept(digest: str) -> bool:
    name = digest.removeprefix("sha256:")
    return warehouse.run(["test", "-e", f"{STORED}/blobs/sha256/{name[:2]}/{name}/data"])[0] == 0


def test_what_no_tag_names_any_more_goes_and_the_rest_stays(fresh, charlies):
    old, other, new = push(fresh, "dish", "old"), push(fresh, "other", "x"), push(fresh, "dish", "new")
    assert warehouse.tidy(0)
    assert [is_kept(digest) for digest in (old, other, new)] == [False, True, True]
    assert charlies.learner(f"docker pull warehouse:5000/{fresh.account.space}/dish")[0] == 0
    assert charlies.learner("docker pull warehouse:5000/sarafa/shikanji; docker pull nginx:alpine")[0] == 0
    assert push(fresh, "dish", "old") == old  # and what has gone can come again


def test_nothing_goes_while_somebody_pushes(fresh):
    digest = push(fresh, "dish", "first")
    push(fresh, "dish", "second")
    assert not warehouse.tidy(10)
    assert is_kept(digest)


def test_while_it_is_tidied_nothing_is_taken_in_and_all_is_given(fresh, charlies):
    image = f"warehouse:5000/{fresh.account.space}/poha"
    fresh.learner(f"docker pull {POHA}; docker tag {POHA} {image}")
    tidying = engine.client().exec_create(
        warehouse.container_name(), ["flock", f"{warehouse.STORAGE}/tidy.lock", "sleep", "5"]
    )
    engine.client().exec_start(tidying["Id"], detach=True)
    code, output = fresh.learner(f"bash -lc 'docker push {image}'")
    assert code != 0
    assert "denied: The warehouse is being tidied. Try again in a minute." in output
    assert charlies.learner(f"docker pull {POHA}")[0] == 0
    assert not warehouse.tidy(0)
    until(lambda: fresh.learner(f"bash -lc 'docker push {image}'")[0] == 0)


@pytest.mark.django_db(transaction=True)
def test_a_deleted_learners_space_goes_and_anothers_stays(fresh, alice, charlie):
    for learner in (alice, charlie):  # as if they had pushed what the sandbox pushes
        space = f"{STORED}/repositories/{accounts.of_learner(learner.pk).space}"
        push(fresh, "dish", "any")
        warehouse.run(["cp", "-a", f"{STORED}/repositories/{fresh.account.space}", space])
    gone, kept = accounts.of_learner(alice.pk).space, accounts.of_learner(charlie.pk).space
    alice.delete()
    tasks.tidy_warehouse(60)
    assert gone not in warehouse.spaces()
    assert {kept, "sarafa", "library"} <= set(warehouse.spaces())


# --- from elsewhere ---


def elsewhere_name() -> str:
    return f"{warehouse.container_name()}-elsewhere"


@pytest.fixture
def elsewhere(installation) -> Iterator[str]:
    """Another registry, with one image in it; yield that image's name."""
    name = elsewhere_name()
    calls = engine.client()
    config = calls.create_host_config(
        port_bindings={5000: ("127.0.0.1", None)}, log_config=LogConfig(type="json-file"), auto_remove=True
    )
    command = ["docker-registry", "serve", "/etc/warehouse/stock.yml"]
    made = calls.create_container(warehouse.IMAGE, command, name=name, ports=[5000], host_config=config)
    calls.start(made["Id"])
    try:
        warehouse.await_open(name)
        image = f"127.0.0.1:{calls.port(name, 5000)[0]['HostPort']}/far/away:2"
        warehouse.push(images.dish_image("garadu"), image)
        yield image
    finally:
        engine.remove_container(here(name))


def test_a_push_that_stands_still_is_tried_again(elsewhere, monkeypatch):
    monkeypatch.setattr(warehouse, "PUSH_SECONDS", 2)
    registry, began = here(elsewhere_name()), time.monotonic()
    engine.pause(registry)
    try:
        timer = threading.Timer(3, engine.unpause, [registry])
        timer.start()
        warehouse.push(images.dish_image("poha"), elsewhere.replace("far/away", "near/by"))
        assert time.monotonic() - began > 3
        engine.pause(registry)
        with pytest.raises(engine.EngineUnreachable, match="too long"):
            warehouse.push(images.dish_image("poha"), elsewhere.replace("far/away", "not/there"))
    finally:
        engine.unpause(registry)


def test_an_image_of_another_registry_is_copied_and_found_as_on_docker_hub(fresh, elsewhere, capsys):
    call_command("warehouse", "copy", elsewhere)
    assert "In the warehouse: far/away:2" in capsys.readouterr().out
    assert "GARADU" in fresh.learner("docker run --rm far/away:2")[1]
    call_command("warehouse", "copy", elsewhere, "library/garadu")
    assert "GARADU" in fresh.learner("docker run --rm garadu")[1]
    engine.client().remove_image(elsewhere)


@pytest.mark.parametrize("names", [[], ["nginx", "plain"], ["nginx", "bcdf12/nginx"], ["a", "b", "c"]])
def test_a_copy_needs_a_name_and_no_learners(installation, names):
    with pytest.raises(CommandError):
        call_command("warehouse", "copy", *names)


@pytest.mark.parametrize(
    ("name", "here"),
    [
        ("nginx", "library/nginx"), ("nginx:1.27", "library/nginx:1.27"), ("bitnami/redis", "bitnami/redis"),
        ("docker.io/nginx", "library/nginx"), ("docker.io/library/nginx", "library/nginx"),
        ("127.0.0.1:5000/far/away:2", "far/away:2"), ("ghcr.io/some/thing", "some/thing"), ("localhost/a/b", "a/b"),
    ],
)  # fmt: skip
def test_a_name_of_elsewhere_becomes_one_of_here(name, here):
    assert images.name_here(name) == here


def test_an_image_that_nobody_has_is_named(installation):
    with pytest.raises(CommandError, match=r"127\.0\.0\.1:1/no/such"):
        call_command("warehouse", "copy", "127.0.0.1:1/no/such")
    assert "no/such" not in json.dumps(warehouse.in_stock())
