"""The flow: arrows, answers and changes, told from what was recorded while learners worked."""

import json

import pytest

from sandbox import rules
from sandbox.flow import Flow, without_host
from sandbox.lines import Line, parse_daemon
from sandbox.tap import hear
from tests.recordings import DATA, ENGINES, NAMES, POHA, arrows, fed, heard_call, raw, recorded

FIELDS = {
    "flow": {"type", "at", "step", "from", "to", "call", "text", "status", "ms", "key", "outcome", "command", "line",
             "order", "objects"},
    "answer": {"type", "at", "key", "order", "status", "ms", "error"},
    "object": {"type", "at", "kind", "action", "object", "name", "image", "exit", "container", "order"},
}  # fmt: skip


def told_of(*names: str) -> list[tuple[int, str, str, str]]:
    return [(one["step"], one["from"], one["to"], one["outcome"]) for one in arrows(*names)]


# --- the five steps ---


def test_a_first_run_misses_the_cache_asks_the_registry_and_runs():
    told = told_of("run-not-cached")
    wanted = [
        (1, "client", "daemon", ""),
        (2, "daemon", "cache", "miss"),
        (2, "daemon", "registry", ""),
        (2, "daemon", "cache", ""),  # a layer is unpacked
        (2, "daemon", "cache", "hit"),
        (3, "daemon", "container", ""),
        (3, "client", "daemon", ""),  # start
        (3, "container", "daemon", ""),  # its end
    ]
    places = [told.index(one) for one in wanted]
    assert places == sorted(places)


def test_a_second_run_hits_the_cache_and_asks_nobody():
    told = told_of("run-cached")
    assert (2, "daemon", "cache", "hit") in told
    assert (2, "daemon", "cache", "miss") not in told
    assert "registry" not in {to for _step, _origin, to, _outcome in told}


def test_what_the_registry_answered_is_told_with_the_arrow():
    registry = [one for one in arrows("run-not-cached") if one["to"] == "registry"]
    assert registry[0]["call"] == f"pull {POHA}"
    assert {"GET /v2/", "HEAD /v2/sarafa/poha/manifests/latest"} < {one["call"] for one in registry}
    greeting = next(one for one in registry if one["call"] == "GET /v2/")
    assert greeting["status"] == 401  # it wants a token
    others = [one for one in registry[1:] if one is not greeting]
    assert {one["status"] for one in others} == {200}
    assert all(one["ms"] is not None for one in others)


def test_a_push_is_step_four():
    told = [one for one in arrows("push") if one["command"] == "push"]
    assert {one["step"] for one in told} == {4}
    assert {"registry"} < {one["to"] for one in told}


def test_a_pull_of_what_a_learner_pushed_is_step_five():
    assert {one["step"] for one in arrows("pull-own") if one["to"] == "registry"} == {5}


def test_a_question_the_daemon_logs_twice_is_shown_once():
    assert [one["call"] for one in arrows("run-not-cached")].count(f"pull {POHA}") == 1


@pytest.mark.parametrize(
    ("image", "repository"),
    [("nginx", "nginx"), ("library/nginx:1", "library/nginx"), (POHA, "sarafa/poha"),
     ("localhost/x@sha256:ab", "x"), ("example.org/a/b:1", "a/b")],
)  # fmt: skip
def test_a_repository_is_an_image_without_its_registry(image, repository):
    assert without_host(image) == repository


@pytest.mark.parametrize("version", ["", "/v1.24", "/v1.99", "/v12.7"])
def test_a_version_that_nobody_knows_changes_nothing(version):
    call = hear(1, heard_call(1, "POST", f"{version}/containers/create"))
    (arrow,) = Flow().feed(call)
    assert arrow["call"] == "POST /containers/create"
    assert arrow["text"] == "The client asks the daemon to create a container."


# --- answers ---


def test_each_call_to_the_daemon_is_answered():
    for name in NAMES:
        _, events = fed(name)
        asked = {one["key"] for one in events if one["type"] == "flow" and one["from"] == "client"}
        assert asked == {one["key"] for one in events if one["type"] == "answer"}, name


def test_an_answer_that_lasts_is_told_again_when_it_ends():
    _, events = fed("run-not-cached")
    pull = next(one for one in events if one["type"] == "flow" and one["call"] == "POST /images/create")
    begun, ended = [one for one in events if one["type"] == "answer" and one["key"] == pull["key"]]
    assert begun["status"] == ended["status"] == 200
    assert begun["ms"] < ended["ms"]


def test_a_refusal_is_told_in_the_daemon_s_words():
    _, events = fed("run-failed-pull")
    errors = [one["error"] for one in events if one["type"] == "answer" and one["status"] >= 400]
    assert any("port is already allocated" in error for error in errors)
    assert any("already in use" in error for error in errors)


# --- commands ---


def test_all_that_one_command_caused_has_one_number_and_the_next_command_another():
    assert len({one["order"] for one in arrows("run-not-cached")}) == 1
    assert len({one["order"] for one in arrows("run-not-cached", "run-cached")}) == 2


@pytest.mark.parametrize(
    ("recording", "commands"),
    [
        ("run-not-cached", {"run"}),
        ("exec", {"run", "exec", "ps", "logs", "curl"}),
        ("curl", {"curl"}),
        ("build", {"build"}),
        ("push", {"tag", "push"}),
        ("compose", {"compose up", "compose down"}),
    ],
)
def test_the_command_behind_a_call_is_the_one_that_was_typed(recording, commands):
    assert {one["command"] for one in arrows(recording) if one["from"] == "client"} == commands


def test_lines_of_the_logs_are_tied_to_the_command_that_caused_them():
    told = Flow()
    numbers = []
    for entry in recorded("run-not-cached"):
        told.feed(entry)
        if hasattr(entry, "source"):
            numbers.append((entry.source, told.order_number(entry)))
    (order,) = {one["order"] for one in arrows("run-not-cached")}
    tied = [number for _, number in numbers if number]
    assert set(tied) == {order}
    assert len(tied) > 0.9 * len(numbers)
    assert {source for source, number in numbers if number} == {"daemon", "warehouse"}


def test_a_line_long_after_the_last_command_is_nobody_s():
    told, _ = fed("run-cached")
    later = parse_daemon(raw("run-cached")[-1][0] + 60_000_000, 'level=info msg="tidying up"')
    assert told.order_number(later) == 0


# --- what the daemon manages ---


def test_the_daemon_s_events_tell_a_container_s_life():
    _, events = fed("run-cached")
    life = [one["action"] for one in events if one["type"] == "object" and one["kind"] == "container"]
    assert life == ["create", "start", "die", "destroy"]
    died = next(one for one in events if one["type"] == "object" and one["action"] == "die")
    assert died["exit"] == 0
    assert died["image"] == POHA
    assert len(died["object"]) == 12


def test_events_belong_to_the_command_that_caused_them():
    _, events = fed("misc")
    by_order = {one["order"]: one["line"] for one in events if one["type"] == "flow" and one["line"]}
    doings = {(one["kind"], one["action"]): by_order[one["order"]] for one in events if one["type"] == "object"}
    assert doings["volume", "create"] == "docker volume create vol"
    assert doings["container", "pause"] == "docker pause kitchen"
    assert doings["container", "unpause"] == "docker unpause kitchen"
    assert doings["network", "destroy"] == "docker network rm lane"


def test_what_a_command_touched_is_named():
    _, events = fed("exec")
    touched = {name for one in events if one["type"] == "flow" for name in one["objects"]}
    assert "kitchen" in touched
    assert any(len(name) == 12 for name in touched)


# --- the platform's own calls ---


def test_calls_of_a_check_are_hidden_with_all_their_lines():
    told = Flow()
    shown = [told.feed(entry) for entry in recorded("check")]
    assert len(shown) > 5
    assert {str(one) for one in shown} == {"None"}
    assert told.history.as_facts()["calls"] == []


def test_a_check_between_the_lines_of_a_learner_hides_only_itself():
    told, own = Flow(), recorded("check")
    run = recorded("run-cached")
    shown = [told.feed(entry) for entry in [*run[:3], *own, *run[3:]]]
    assert shown.count(None) == len(own)
    assert told.history.as_facts()["runs"][0]["started"]


# --- all of it ---


@pytest.mark.parametrize("name", NAMES)
def test_every_event_has_what_the_contract_says(name):
    for event in fed(name)[1]:
        assert event.keys() == FIELDS[event["type"]]
        if event["type"] == "flow":
            assert event["step"] in {1, 2, 3, 4, 5}
            assert {event["from"], event["to"]} <= {"client", "daemon", "cache", "registry", "container"}
            assert event["text"]


@pytest.mark.parametrize("name", ["run-with-secret", "build", "login"])
def test_no_secret_is_in_any_event(name):
    told, events = fed(name)
    assert "hunter2-secret" not in json.dumps(events) + json.dumps(told.history.as_facts())


@pytest.mark.parametrize("name", NAMES)
def test_a_page_opened_in_the_midst_makes_sense_of_the_rest(name):
    entries = recorded(name)
    for cut in range(0, len(entries), 7):
        told = Flow()
        for entry in entries[cut:]:
            for event in told.feed(entry) or []:
                assert event.keys() == FIELDS[event["type"]]


def test_a_line_cut_in_half_is_a_line_of_the_log_and_no_more():
    for at, _source, line in raw("run-not-cached"):
        half = line[: len(line) // 2]
        assert (hear(at, half) or Flow().feed(parse_daemon(at, half))) in (None, [])


def test_every_kind_of_call_in_the_recordings_is_explained():
    plain = rules.sentence_of_call("GET", "/no/such/call", "")
    unexplained = {one["call"] for name in NAMES for one in arrows(name) if one["text"] == plain}
    assert unexplained == set()


def test_the_recordings_are_there():
    assert DATA.is_dir()
    assert len(NAMES) >= 12


# --- engines of other versions: what the tap tells is the API, which changes little ---


def of_command(name: str, line: str) -> list[dict]:
    return [one for one in arrows(name) if one["line"].startswith(line)]


@pytest.mark.parametrize("name", ENGINES)
def test_the_five_steps_are_told_of_every_engine(name):
    runs = of_command(name, "docker run --rm")
    first, second = ([one for one in runs if one["order"] == order] for order in sorted({one["order"] for one in runs}))
    assert {one["outcome"] for one in first} == {"", "miss", "hit"}
    assert "registry" in {one["to"] for one in first}
    assert {one["outcome"] for one in second} == {"", "hit"}
    assert "registry" not in {one["to"] for one in second}
    assert all(one["call"] != "look up" for one in [*first, *second])
    assert {one["step"] for one in of_command(name, "docker push")} == {4}
    assert {one["step"] for one in of_command(name, "docker pull") if one["to"] == "registry"} == {5}


@pytest.mark.parametrize("name", ENGINES)
def test_runs_refusals_and_secrets_are_the_same_of_every_engine(name):
    told, events = fed(name)
    image = "127.0.0.1:5000/sarafa/poha"
    runs = [(run["image"], run["pulled"], run["started"]) for run in told.history.as_facts()["runs"]]
    assert runs == [(image, True, True), (image, False, True), (image, False, True)]
    errors = [one["error"] for one in events if one["type"] == "answer" and one["status"] == 409]
    assert any("already in use" in error for error in errors)
    lines = [entry.as_event() for entry in recorded(name) if isinstance(entry, Line)]
    assert "hunter2-secret" in str(raw(name))
    assert "hunter2-secret" not in json.dumps(events + lines)
    assert "curl" in {one["command"] for one in events if one["type"] == "flow"}


@pytest.mark.parametrize("name", ENGINES)
def test_lines_of_every_engine_are_told_as_calls(name):
    levels = {(line.level, line.text) for line in recorded(name) if isinstance(line, Line)}
    assert ("call", "POST /containers/create") in levels
