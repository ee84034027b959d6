"""What happened, read from logs that a sandbox's daemon and the warehouse wrote."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import flow, history
from sandbox.flow import Flow
from sandbox.lines import TELLS_HISTORY, Line, iso, milliseconds, parse_daemon, parse_warehouse

DATA = Path(__file__).parent.parent / "data"
POHA = "warehouse:5000/sarafa/poha"
ALICES_ADDRESS = "fd00::a11c:e"


def recorded(name: str) -> list[Line]:
    """Read a recording: microseconds, source and line, as both logs had them while a learner worked."""
    lines = []
    for entry in (DATA / f"{name}.log").read_text().splitlines():
        at, source, raw = entry.split(" ", 2)
        parsed = parse_daemon(int(at), raw) if source == "daemon" else parse_warehouse(int(at), raw)
        assert parsed, raw
        lines.append(parsed)
    return lines


def fed(*names: str) -> tuple[Flow, list[dict]]:
    """Feed recordings one after the other; return the flow and all its events."""
    told, events = Flow(), []
    for name in names:
        for line in recorded(name):
            events += told.feed(line) or []
    return told, events


def daemon(message: str, **fields: str) -> Line:
    rest = " ".join(f"{key}={value}" for key, value in fields.items())
    return parse_daemon(1, f'time="2026-11-24T08:00:00Z" level=debug msg="{message}" {rest}'.rstrip())


def call(method: str, uri: str, trace: str = "") -> Line:
    return daemon(f"Calling {method} {uri}", traceID=trace)


# --- history: what checks ask about ---


def test_a_run_of_an_image_that_is_not_there_is_one_run_that_pulled():
    told, _ = fed("run-not-cached")
    (run,) = told.history.as_facts()["runs"]
    assert run["image"] == POHA
    assert run["pulled"]
    assert run["started"]
    assert len(run["container"]) == 64


def test_the_lines_that_checks_read_tell_the_whole_history():
    whole, read = Flow(), Flow()
    for name in ("run-not-cached", "run-cached", "exec", "push", "curl", "build", "check", "run-failed-pull"):
        for entry in (DATA / f"{name}.log").read_text().splitlines():
            at, source, raw = entry.split(" ", 2)
            if source == "daemon":
                whole.feed(parse_daemon(int(at), raw))
                if TELLS_HISTORY.search(raw):
                    read.feed(parse_daemon(int(at), raw))
    assert read.history == whole.history
    assert len(whole.history.runs) >= 2


def test_a_run_of_a_cached_image_did_not_pull():
    told, _ = fed("run-not-cached", "run-cached")
    first, second = told.history.as_facts()["runs"]
    assert first["pulled"]
    assert not second["pulled"]
    assert second["started"]
    assert first["container"] != second["container"]


def test_a_pull_that_failed_is_no_run():
    told, _ = fed("run-failed-pull")
    assert told.history.as_facts()["runs"] == []


def test_a_run_after_a_failed_one_is_right():
    told, _ = fed("run-failed-pull", "run-cached")
    (run,) = told.history.as_facts()["runs"]
    assert run["image"] == POHA
    assert not run["pulled"]


def test_a_container_started_during_a_pull_is_not_taken_for_the_pulls():
    """Two terminals: in one an image is fetched, in the other an older container starts."""
    told = Flow()
    for line in [
        call("POST", "/v1.45/containers/create", "a"),
        daemon(r"form data: {\"Image\":\"poha\"}", traceID="a"),
        call("POST", "/v1.45/images/create?fromImage=poha&tag=latest", "b"),
        call("POST", "/v1.45/containers/old/start", "c"),
        daemon("container mounted via layerStore: /merged", container="0" * 64),
    ]:
        told.feed(line)
    assert told.history.as_facts()["runs"] == []


def test_a_start_after_a_refused_create_is_no_run_of_the_refused():
    """docker run --name taken …, refused; then docker start taken."""
    told = Flow()
    for line in [
        call("POST", "/v1.45/containers/create?name=taken", "a"),
        daemon(r"form data: {\"Image\":\"poha\"}", traceID="a"),
        call("POST", "/v1.45/containers/taken/start", "b"),
        daemon("container mounted via layerStore: /merged", container="0" * 64),
    ]:
        told.feed(line)
    assert told.history.as_facts()["runs"] == []


def test_the_body_of_another_call_is_not_taken_for_the_creates():
    told = Flow()
    for line in [
        call("POST", "/v1.45/containers/create", "a"),
        daemon(r"form data: {\"Image\":\"other\"}", traceID="b"),
        daemon(r"form data: {\"Image\":\"poha:latest\"}", traceID="a"),
        daemon("container mounted via layerStore: /merged", container="0" * 64),
    ]:
        told.feed(line)
    assert told.history.as_facts()["runs"] == [
        {"image": "poha", "pulled": False, "container": "0" * 64, "started": False},
    ]


@pytest.mark.parametrize("name", ["stall", "0" * 64, "0" * 12])
def test_a_container_is_started_by_whatever_it_is_called(name):
    told = Flow()
    for line in [
        call("POST", "/v1.45/containers/create?name=stall", "a"),
        daemon("container mounted via layerStore: /merged", container="0" * 64),
        call("POST", f"/v1.45/containers/{name}/start", "b"),
    ]:
        told.feed(line)
    assert [run["started"] for run in told.history.as_facts()["runs"]] == [True]


def test_calls_tell_method_path_query_and_who_asked():
    told, _ = fed("exec", "curl")
    calls = told.history.as_facts()["calls"]
    listing = [call for call in calls if call["path"] == "/containers/json"]
    assert [(call["method"], call["versioned"]) for call in listing] == [("GET", True), ("GET", False)]
    created = next(call for call in calls if call["path"] == "/containers/create")
    assert created["query"] == "name=stall"
    assert all("/v1." not in call["path"] for call in calls)


def test_a_pull_names_its_image():
    told, _ = fed("run-not-cached")
    assert POHA in [call["image"] for call in told.history.calls]


def test_a_ping_is_no_call():
    told, _ = fed("run-cached")
    assert "/_ping" not in [call["path"] for call in told.history.calls]


def test_history_is_bounded():
    told = Flow()
    for number in range(3000):
        told.feed(call("GET", f"/containers/json?by=check&n={number}", f"check{number}"))
        told.feed(call("GET", f"/v1.45/images/json?n={number}"))
        told.feed(call("POST", "/v1.45/containers/create", f"run{number}"))
    assert len(told.history.calls) == history.CALLS_KEPT
    assert len(told.history.runs) <= history.RUNS_KEPT
    assert len(told.hidden) <= flow.HIDDEN_KEPT


# --- the platform's own calls ---


def test_calls_of_a_check_are_hidden_with_all_their_lines():
    told = Flow()
    lines = recorded("check")
    assert len(lines) == 5  # four calls, and a line that one of them caused
    assert [told.feed(line) for line in lines] == [None] * 5
    assert told.history.as_facts() == {"calls": [], "runs": []}


def test_a_check_between_the_lines_of_a_learner_hides_only_itself():
    told = Flow()
    shown = [told.feed(line) for line in [*recorded("run-cached")[:3], *recorded("check"), *recorded("run-cached")[3:]]]
    assert shown.count(None) == 5
    assert told.history.as_facts()["runs"][0]["started"]


# --- secrets ---


@pytest.mark.parametrize("name", ["run-with-secret", "build", "login"])
def test_secrets_never_leave_the_parser(name):
    secret = "hunter2-secret"
    lines = recorded(name)
    raw = (DATA / f"{name}.log").read_text()
    assert secret in raw or "password" in raw
    for line in lines:
        assert secret not in line.raw + line.text + str(line.fields) + str(line.as_event())
    told, events = fed(name)
    assert secret not in str(events) + str(told.history.as_facts())


def test_of_a_request_s_body_what_tells_the_story_stays():
    body = next(line for line in recorded("exec") if "form data" in line.raw)
    assert body.text == 'form data: {"Image": "warehouse:5000/sarafa/poha", "Cmd": ["open"]}'


@pytest.mark.parametrize("body", ["[1,2]", "not json", "7", '{"Env":["A=s3cret"'])
def test_a_body_that_is_no_object_is_not_shown(body):
    quoted = body.replace('"', '\\"')
    line = daemon(f"form data: {quoted}")
    assert line.text == "form data: …"
    assert "s3cret" not in line.raw


def test_the_warehouse_s_lines_do_not_tell_the_secret_address():
    line = next(line for line in recorded("run-not-cached") if line.source == "warehouse")
    assert line.fields["address"] == ALICES_ADDRESS  # by it a line is told from another's
    assert ALICES_ADDRESS not in str(line.as_event())


# --- lines as people read them ---


def test_lines_are_readable():
    texts = [line.text for line in recorded("run-not-cached")]
    assert "POST /containers/create" in texts
    assert "container runtime: /tasks/start" in texts
    assert "stacks the image's layers for container c17aab8d10da" in texts
    assert any(text.startswith("GET /v2/sarafa/poha/blobs/sha256:8d19be7c71c8… → 200 (") for text in texts)
    assert "POST /containers/c17aab8d10da/start" in texts


def test_a_line_s_event_has_what_the_contract_says():
    event = recorded("run-cached")[0].as_event()
    assert event.keys() == {"type", "at", "source", "level", "line", "raw"}
    assert event["type"] == "log"
    assert event["source"] == "daemon"
    assert event["at"].endswith("Z")


def test_a_line_s_level_tells_calls_steps_and_trouble_from_the_rest():
    levels = {line.text: line.level for line in recorded("run-failed-pull")}
    assert levels["POST /containers/create"] == "call"
    assert levels["asks http://warehouse:5000 for warehouse:5000/sarafa/biryani"] == "step"
    assert levels["Not continuing with pull after error: manifest unknown: manifest unknown"] == "error"
    assert any(text.startswith("GET /v2/") and level == "call" for text, level in levels.items())


def test_that_the_registry_is_tried_over_https_first_is_no_warning():
    assert "warning" not in {line.level for line in recorded("run-failed-pull")}


@pytest.mark.parametrize("name", ["{", "{0}", "{container}", "{x.__class__}", r"\g<9>", "%s"])
def test_a_name_a_learner_chose_is_only_text(name):
    line = daemon(f"Assigning addresses for endpoint stall's interface on network {name}")
    assert line.level == "step"
    assert line.text.startswith("gives stall an address on network")


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "panic: runtime error: index out of range",
        "goroutine 1 [running]:",
        'time="2026-11-24T08:11:36Z" level=debug msg="half a li',
        "=" * 50,
        'msg=""',
        "level=debug",
        "\x1b[31mred\x1b[0m <script>alert(1)</script>",
        'level=debug msg="a \\"quoted\\" <b>&amp; \\x1b[2J"',
    ],
)
def test_a_line_in_no_format_is_kept_as_it_is(raw):
    line = parse_daemon(7, raw)
    assert line.at == 7
    assert line.raw == raw
    assert Flow().feed(line) == []


@given(st.text(max_size=300))
def test_no_line_breaks_the_parsers(raw):
    told = Flow()
    assert told.feed(parse_daemon(1, raw)) is not Ellipsis
    parsed = parse_warehouse(1, raw)
    assert parsed is None or told.feed(parsed)


@given(st.sampled_from(["Calling GET ", "Calling POST ", "form data: ", "Trying to pull ", ""]), st.text(max_size=100))
def test_no_message_breaks_the_flow(start, rest):
    told = Flow()
    told.feed(call("POST", "/v1.45/containers/create"))
    quoted = rest.replace("\\", "\\\\").replace('"', '\\"')
    assert told.feed(daemon(start + quoted)) is not Ellipsis


@pytest.mark.parametrize("text", ["a" * 16384, "a." * 8192, 'msg="' + '\\"' * 8000, "=" * 16384, '"' * 16384])
def test_a_line_as_long_as_docker_lets_it_be_takes_no_time(text):
    started = time.perf_counter()
    parse_daemon(1, text)
    assert time.perf_counter() - started < 0.3


@pytest.mark.parametrize(
    "raw", ["{}", "[]", "null", "7", "", "not json", '{"msg":"listening on /warehouse/registry.sock"}']
)
def test_of_the_warehouse_only_answered_requests_are_lines(raw):
    assert parse_warehouse(1, raw) is None


@pytest.mark.parametrize(
    ("duration", "expected"),
    [("3.2ms", 3.2), ("85.4µs", 0.1), ("1.5s", 1500), ("1m2.5s", 62500), ("", 0), ("soon", 0), ("412ns", 0)],
)
def test_durations_are_in_milliseconds(duration, expected):
    assert milliseconds(duration) == expected


def test_times_are_iso_in_utc():
    assert iso(1_795_507_896_384_072) == "2026-11-24T08:11:36.384Z"


# --- the five steps ---


def test_a_first_run_goes_through_the_steps_in_order():
    _, events = fed("run-not-cached")
    steps = [(event["step"], event["from"], event["to"]) for event in events]
    assert steps[0] == (1, "client", "daemon")
    assert (2, "daemon", "registry") in steps
    assert (3, "daemon", "daemon") in steps
    registry = [event for event in events if event["to"] == "registry"]
    assert [event["call"] for event in registry][:3] == [
        "pull",
        "GET /v2/",
        "HEAD /v2/sarafa/poha/manifests/latest",
    ]
    assert {event["status"] for event in registry[1:]} == {200}
    assert all(event["ms"] is not None for event in registry[1:])
    assert events[-1]["text"] == "The container runs."


def test_a_cached_run_does_not_ask_the_registry():
    _, events = fed("run-cached")
    assert "registry" not in {event["to"] for event in events}
    assert "The image was in the cache." in [event["text"] for event in events]


def test_every_flow_event_has_what_the_contract_says():
    _, events = fed("run-not-cached", "exec", "push", "curl", "build")
    for event in events:
        assert event.keys() == {"type", "at", "step", "from", "to", "call", "status", "ms", "command", "order", "text"}
        assert event["step"] in {1, 2, 3, 4, 5}
        assert {event["from"], event["to"]} <= {"client", "daemon", "registry"}


def test_all_that_one_command_caused_has_one_number_and_the_next_command_another():
    _, first = fed("run-not-cached")
    assert len({event["order"] for event in first}) == 1
    _, both = fed("run-not-cached", "run-cached")
    assert len({event["order"] for event in both}) == 2


def test_a_push_is_step_four():
    _, events = fed("push")
    assert {event["step"] for event in events if event["command"] == "push"} == {4}


def test_a_pull_of_what_a_learner_pushed_is_step_five():
    told = Flow()
    told.feed(call("POST", "/v1.45/images/create?fromImage=warehouse%3A5000%2Falice%2Fpoha&tag=1"))
    (asked,) = told.feed(daemon("Trying to pull warehouse:5000/alice/poha from http://warehouse:5000", traceID="x"))
    assert asked["step"] == 5


def test_a_question_the_daemon_logs_twice_is_shown_once():
    _, events = fed("run-not-cached")
    assert [event["call"] for event in events].count("pull") == 1


@pytest.mark.parametrize(
    ("recording", "commands"),
    [
        ("run-not-cached", {"run"}),
        ("run-cached", {"run"}),
        ("exec", {"run", "inspect", "exec", "ps", "logs", "rm"}),
        ("curl", {"curl"}),
        ("build", {"build"}),
        ("push", {"tag", "push"}),
    ],
)
def test_the_docker_command_behind_a_call_is_named(recording, commands):
    _, events = fed(recording)
    assert {event["command"] for event in events if event["from"] == "client"} == commands


def test_after_curl_a_docker_command_is_named_again():
    _, events = fed("curl", "exec")
    assert [event["command"] for event in events][:2] == ["curl", "run"]


def test_a_thousand_lines_are_read_in_well_under_a_second():
    lines = [entry.split(" ", 2) for entry in (DATA / "run-not-cached.log").read_text().splitlines()]
    lines = [(int(at), raw) for at, source, raw in lines if source == "daemon"]
    told = Flow()
    started = time.perf_counter()
    for number in range(1000):
        at, raw = lines[number % len(lines)]
        told.feed(parse_daemon(at, raw.replace("c17aab8d10da", f"{number // len(lines):012x}")))
    assert time.perf_counter() - started < 0.5
    runs = told.history.as_facts()["runs"]
    assert len(runs) == -(-1000 // len(lines))
    assert {(run["image"], run["pulled"]) for run in runs} == {(POHA, True)}
