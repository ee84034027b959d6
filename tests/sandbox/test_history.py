"""What checks are told of the past: calls, runs, and the commands behind them."""

import json

import pytest

from sandbox import causes, flow, history
from sandbox.flow import Flow
from sandbox.lines import TELLS_HISTORY, parse_daemon
from sandbox.tap import hear
from tests.recordings import ENGINES, NAMES, POHA, fed, raw

ID = "ab" * 32


def heard(told: Flow, *lines: dict) -> Flow:
    for at, line in enumerate(lines):
        entry = hear(at + 1, json.dumps(line))
        assert entry, line
        told.feed(entry)
    return told


def command(number: int, *argv: str) -> dict:
    return {"tap": "command", "command": number, "argv": argv}


def call(number: int, of: int, method: str, uri: str) -> dict:
    return {"tap": "call", "call": number, "command": of, "method": method, "uri": uri}


def answer(number: int, status: int, body: str = "") -> dict:
    return {"tap": "answer", "call": number, "status": status, "us": 1000, "body": body}


def created(image: str = "poha", container: str = ID) -> dict:
    actor = {"ID": container, "Attributes": {"image": image, "name": "stall"}}
    return {"tap": "event", "event": {"Type": "container", "Action": "create", "Actor": actor}}


MADE = json.dumps({"Id": ID, "Warnings": []}, separators=(",", ":"))


def runs(told: Flow) -> list[dict]:
    return told.history.as_facts()["runs"]


def test_a_run_of_an_image_that_is_not_there_is_one_run_that_pulled():
    (run,) = runs(fed("run-not-cached")[0])
    assert run["image"] == POHA
    assert run["pulled"]
    assert run["started"]
    assert len(run["container"]) == 64
    assert run["command"] == f"docker run --rm {POHA}"


def test_a_run_of_a_cached_image_did_not_pull():
    first, second = runs(fed("run-not-cached", "run-cached")[0])
    assert first["pulled"]
    assert not second["pulled"]
    assert second["started"]
    assert first["container"] != second["container"]


def test_the_lines_that_checks_read_tell_the_whole_history():
    whole, read = Flow(), Flow()
    for at, source, line in (entry for name in sorted({*NAMES} - {*ENGINES}) for entry in raw(name)):
        if source == "daemon":
            whole.feed(hear(at, line) or parse_daemon(at, line))
            if TELLS_HISTORY.search(line):
                read.feed(hear(at, line) or parse_daemon(at, line))
    mine, all_of_it = read.history.as_facts(), whole.history.as_facts()
    assert mine["calls"] == all_of_it["calls"]
    assert mine["runs"] == all_of_it["runs"]
    assert [one["line"] for one in mine["commands"]] == [one["line"] for one in all_of_it["commands"]]
    assert [bool(one["registry"]) for one in mine["commands"]] == [
        bool(one["registry"]) for one in all_of_it["commands"]
    ]
    assert len(mine["runs"]) >= 5


def test_a_pull_that_failed_is_no_run_and_says_why():
    told, _ = fed("run-failed-pull")
    first = told.history.as_facts()["commands"][0]
    assert first["line"] == "docker run --rm warehouse:5000/sarafa/nothing"
    assert [(one["path"], one["status"]) for one in first["calls"]] == [
        ("/containers/create", 404), ("/images/create", 404)]  # fmt: skip
    assert "manifest unknown" in first["calls"][1]["error"]
    assert "nothing" not in str(runs(told))


def test_a_create_that_is_refused_is_no_run():
    told = heard(
        Flow(),
        command(1, "docker", "run", "--name", "stall", "poha"),
        call(1, 1, "POST", "/v1.45/containers/create?name=stall"),
        answer(1, 409, '{"message":"Conflict."}'),
    )
    assert runs(told) == []
    assert told.history.as_facts()["calls"][0]["error"] == "Conflict."


def test_the_event_may_come_before_the_answer_or_after_it():
    for order in ((created(), answer(1, 201, MADE)), (answer(1, 201, MADE), created())):
        told = heard(Flow(), command(1, "docker", "create", "poha"), call(1, 1, "POST", "/containers/create"), *order)
        assert [(run["image"], run["started"]) for run in runs(told)] == [("poha", False)]


def test_two_terminals_do_not_mix():
    """In one an image is fetched, in the other another runs meanwhile."""
    told = heard(
        Flow(),
        command(1, "docker", "run", "poha"),
        command(2, "docker", "run", "jalebi"),
        call(1, 1, "POST", "/containers/create"),
        call(2, 2, "POST", "/containers/create"),
        answer(1, 404, '{"message":"No such image: poha:latest"}'),
        call(3, 1, "POST", "/images/create?fromImage=poha&tag=latest"),
        answer(3, 200),
        created("jalebi"),
        answer(2, 201, MADE),
    )
    assert [(run["image"], run["pulled"], run["command"]) for run in runs(told)] == [
        ("jalebi", False, "docker run jalebi")]  # fmt: skip


def test_a_container_that_could_not_start_is_a_run_that_did_not():
    told, _ = fed("run-failed-pull")
    last = runs(told)[-1]
    assert last["command"].startswith("docker run -d -p 80:80 --name two")
    assert not last["started"]


def test_calls_tell_method_path_query_who_asked_and_what_came_of_it():
    told, _ = fed("exec", "curl")
    calls = told.history.as_facts()["calls"]
    listing = [call for call in calls if call["path"] == "/containers/json"]
    assert [(call["method"], call["versioned"]) for call in listing] == [("GET", True), ("GET", False)]
    made = next(call for call in calls if call["path"] == "/containers/create" and call["status"] == 201)
    assert made["query"] == "name=kitchen"
    assert made["ms"] > 0
    assert made["command"].startswith("docker run -d --name kitchen")
    assert all("/v1." not in call["path"] for call in calls)


def test_commands_tell_what_was_asked_of_registries_because_of_them():
    told, _ = fed("run-not-cached", "run-cached")
    first, second = told.history.as_facts()["commands"]
    assert first["registry"][0] == f"asks http://warehouse:5000 for {POHA}"
    assert any(line.startswith("fetches layer sha256:") for line in first["registry"])
    assert second["registry"] == []


def test_a_plugin_s_calls_are_those_of_the_command_that_was_typed():
    told, _ = fed("compose")
    assert [one["name"] for one in told.history.as_facts()["commands"]] == ["compose up", "compose down"]


def test_a_call_of_nobody_known_stands_alone():
    told = heard(Flow(), call(1, 0, "GET", "/version"), call(2, 0, "GET", "/info"), call(3, 99, "GET", "/info"))
    assert [(one["name"], len(one["calls"])) for one in told.history.as_facts()["commands"]] == [("", 1)] * 3


def test_an_answer_to_a_call_that_is_not_known_is_nothing():
    told = heard(Flow(), answer(7, 200), {"tap": "end", "call": 7, "us": 1})
    assert told.history.as_facts() == {"calls": [], "runs": [], "commands": []}


@pytest.mark.slow
def test_history_is_bounded():
    """Root of a sandbox may print whatever a tap would, as long as it likes."""
    told = Flow()
    for number in range(1, 1500):
        heard(
            told,
            command(number, "docker", "run", "poha"),
            call(number, number, "POST", "/containers/create"),
            created(container=f"{number:064x}"),
            answer(number, 201, json.dumps({"Id": f"{number:064x}"}, separators=(",", ":"))),
            *[call(100_000 * more + number, number, "POST", f"/images/{'x' * 2000}{number}/push") for more in (1, 2)],
        )
        told.feed(parse_daemon(1, f'level=debug msg="Calling GET /info?by=check" traceID={number}'))
        told.feed(parse_daemon(1, f'level=debug msg="Calling POST /containers/create" traceID={"y" * 9000}{number}'))
    for number in range(500):
        heard(told, call(900_000 + number, 1499, "GET", "/info"))
    kept = told.history
    assert len(kept.calls) == history.CALLS_KEPT
    assert len(kept.runs) == history.RUNS_KEPT
    assert len(kept.orders) == history.COMMANDS_KEPT
    assert max(len(order.calls) for order in kept.orders.values()) == history.CALLS_OF_A_COMMAND
    assert max(len(one.path) for one in kept.calls) <= history.LONGEST
    assert len(kept.open) <= history.CALLS_KEPT
    assert len(kept.lasting) <= history.CALLS_KEPT
    assert len(kept.images) <= history.IMAGES_KEPT
    assert len(told.hidden) <= flow.HIDDEN_KEPT
    assert len(told.nameless) <= flow.NAMELESS_KEPT
    assert len(told.causes.transfers) <= causes.TRANSFERS_KEPT
    assert len(told.causes.touched) <= causes.OBJECTS_KEPT
    assert not any(len(name) > causes.LONGEST for name in [*told.causes.touched, *told.causes.traces])
