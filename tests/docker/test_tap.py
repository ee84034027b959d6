"""The tap on the daemon's socket: nothing is lost or changed on its way, and all of it is heard."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from sandbox import containers
from sandbox.tap import Answer, Call, Command, Ended, ObjectEvent, Opened, hear

POHA = "warehouse:5000/sarafa/poha"
One = TypeVar("One")


@pytest.fixture(scope="module")
def cooks(alices: Any) -> Any:
    """A sandbox whose daemon has an image."""
    code, output = alices.learner(f"docker pull -q {POHA}")
    assert code == 0, output
    return alices


def heard(place: Any, kind: type[One], since: int = 0) -> list[One]:
    entries = [hear(at // 1000, line) for at, line in containers.daemon_log(place.container)]
    return [entry for entry in entries if isinstance(entry, kind) and entry.at >= since]


def now(place: Any) -> int:
    return time.time_ns() // 1000


def eventually(holds: Callable[[], object], seconds: float = 20) -> Any:
    until = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < until:
        time.sleep(0.1)
    assert found
    return found


def perl(place: Any, script: str, timeout: float = 30) -> tuple[int, str]:
    """Run a script that has `dial`, which connects to the daemon's socket."""
    head = 'use IO::Socket::UNIX; sub dial { IO::Socket::UNIX->new(Peer => "/run/docker.sock") or die "refused\\n" } '
    return place.learner(f"perl -e '{head}{script}'", timeout)


# --- nothing is lost or changed ---


def test_what_is_piped_into_a_container_arrives_and_so_does_its_end(cooks):
    assert cooks.learner(f"echo one dish | docker run --rm -i --entrypoint cat {POHA}") == (0, "one dish\n")


def test_ten_megabytes_pass_unchanged_both_ways(cooks):
    code, output = cooks.learner(
        "head -c 10M /dev/urandom > order; sha256sum < order; "
        f"docker run --rm -i --entrypoint cat {POHA} < order | sha256sum; rm order",
        60,
    )
    first, second = output.split("\n")[:2]
    assert (code, first) == (0, second)


def test_a_build_a_copy_and_an_exec_pass(cooks):
    code, output = cooks.learner(
        f"mkdir -p b && printf 'FROM {POHA}\\nCOPY Dockerfile /\\n' > b/Dockerfile && docker build -q -t mine b && "
        "docker run -d --name cp --entrypoint sleep mine 60 && docker cp cp:/Dockerfile - | tar t && "
        "docker exec -i cp cat < b/Dockerfile; docker rm -f cp",
        60,
    )
    assert code == 0, output
    assert f"FROM {POHA}" in output


def test_two_requests_at_once_get_two_answers(cooks):
    since = now(cooks)
    get = "GET /version HTTP/1.1\\r\\nHost: d\\r\\n\\r\\n"
    last = "GET /info HTTP/1.1\\r\\nHost: d\\r\\nConnection: close\\r\\n\\r\\n"
    code, output = perl(cooks, f'$s = dial; print $s "{get}{last}"; print while <$s>')
    assert (code, output.count("HTTP/1.1 200 OK")) == (0, 2)
    calls = {call.number: call.path for call in heard(cooks, Call, since)}
    assert list(calls.values()) == ["/version", "/info"]
    assert [answer.status for answer in heard(cooks, Answer, since) if answer.number in calls] == [200, 200]


@pytest.mark.parametrize(
    "sent",
    ["\\0" * 40, "x" * 70_000, "GET\\r\\n\\r\\n",
     "POST /x HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\n",
     "GET /version HTTP/1.1\\r\\nContent-Length: -5\\r\\nHost: d\\r\\n\\r\\n",
     "GET /" + "y" * 3000 + " HTTP/1.1\\r\\nHost: d\\r\\nConnection: close\\r\\n\\r\\n"],
)  # fmt: skip
def test_nonsense_is_the_daemon_s_to_answer(cooks, sent):
    code, output = perl(cooks, f'$s = dial; print $s "{sent}"; shutdown($s, 1); print while <$s>')
    assert code == 0, output
    assert cooks.learner("docker version -f '{{.Server.Version}}'")[0] == 0


def test_hundreds_who_call_and_say_nothing_keep_nobody_out(cooks):
    code, output = perl(cooks, "@s = map { dial } 1..400; print `docker ps -q 2>&1; echo fine`")
    assert code == 0, output
    assert output.endswith("fine\n")


# --- all is heard ---


def test_a_command_is_told_as_it_was_typed_with_its_calls_and_their_answers(cooks):
    since = now(cooks)
    assert cooks.learner(f"docker run --rm --name heard {POHA}")[0] == 0
    (command,) = heard(cooks, Command, since)
    assert command.argv == ("docker", "run", "--rm", "--name", "heard", POHA)
    calls = heard(cooks, Call, since)
    assert {call.command for call in calls} == {command.number}
    assert [call.path.rsplit("/", 1)[-1] for call in calls] == ["create", "attach", "wait", "start"]
    answers = {answer.number: answer.status for answer in heard(cooks, Answer, since)}
    assert [answers[call.number] for call in calls] == [201, 101, 200, 204]
    ended = {end.number for end in heard(cooks, Ended, since)}
    assert {call.number for call in calls if call.path.endswith(("attach", "wait"))} <= ended
    actions = [event.action for event in heard(cooks, ObjectEvent, since) if event.kind == "container"]
    assert actions == ["create", "start", "die", "destroy"]


def test_a_plugin_speaks_for_the_command_that_was_typed(cooks):
    since = now(cooks)
    cooks.learner("docker buildx ls; docker compose ls")
    assert [command.argv for command in heard(cooks, Command, since)] == [
        ("docker", "buildx", "ls"), ("docker", "compose", "ls")]  # fmt: skip


def test_whoever_is_in_a_container_with_the_socket_is_a_command_too(cooks):
    """What it is called in there is told; only a process that is gone is nobody."""
    since = now(cooks)
    code, output = cooks.learner(
        "docker run --rm -v /run/docker.sock:/s -v /usr/bin/curl:/curl "
        "-v /lib:/lib -v /lib64:/lib64 -v /usr/lib:/usr/lib "
        f"--entrypoint /curl {POHA} -s --unix-socket /s http://d/version"
    )
    assert code == 0, output
    assert [command.argv[0] for command in heard(cooks, Command, since)] == ["docker", "/curl"]


def test_an_event_too_long_for_a_line_is_an_event_all_the_same(cooks):
    since = now(cooks)
    assert (
        cooks.learner(f"docker create --name labelled --label x=$(head -c 20000 /dev/zero | tr '\\0' x) {POHA}")[0] == 0
    )
    eventually(lambda: [event for event in heard(cooks, ObjectEvent, since) if not event.kind])
    cooks.learner("docker rm labelled")


def test_the_platform_s_own_questions_are_not_heard(cooks):
    since = now(cooks)
    cooks.facts()
    assert heard(cooks, Call, since) == []


# --- bad luck ---


def test_while_there_is_no_daemon_the_socket_refuses_as_the_daemon_s_own_would(fresh):
    fresh.root("kill -STOP $(pgrep -f 'start$' | head -1); pkill -KILL dockerd; sleep 0.3")
    code, output = fresh.learner("docker ps")
    assert code == 1
    assert "Cannot connect to the Docker daemon" in output
    since = now(fresh)
    fresh.root("kill -CONT $(pgrep -f 'start$' | head -1)")
    eventually(lambda: heard(fresh, Opened, since), 30)
    assert fresh.learner("docker ps")[0] == 0


def test_a_tap_that_is_killed_is_there_again(cooks):
    since = now(cooks)
    cooks.root("pkill -KILL -f '^/sbx/tap'")
    eventually(lambda: heard(cooks, Opened, since))
    assert cooks.learner("docker ps")[0] == 0
    assert heard(cooks, Call, since)
