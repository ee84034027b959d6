"""Lines of the daemon's log and of the warehouse's, as people read them."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.flow import Flow
from sandbox.lines import Line, iso, milliseconds, parse_daemon, parse_warehouse
from sandbox.tap import Call
from tests.recordings import ALICES_ADDRESS, raw, recorded


def daemon(message: str, **fields: str) -> Line:
    rest = " ".join(f"{key}={value}" for key, value in fields.items())
    return parse_daemon(1, f'time="2026-11-24T08:00:00Z" level=debug msg="{message}" {rest}'.rstrip())


def lines(*names: str) -> list[Line]:
    return [entry for entry in recorded(*names) if isinstance(entry, Line)]


# --- secrets ---


@pytest.mark.parametrize("name", ["run-with-secret", "build"])
def test_secrets_never_leave_the_parsers(name):
    secret = "hunter2-secret"
    assert secret in str(raw(name))
    for entry in recorded(name):
        if isinstance(entry, Line):
            assert secret not in entry.raw + entry.text + str(entry.fields) + str(entry.as_event())


def test_what_follows_docker_login_is_not_even_heard():
    assert '"argv": ["docker", "login"]' in str(raw("login"))
    assert "hunter2-secret" not in str(raw("login"))


def test_of_a_request_s_body_what_tells_the_story_stays():
    body = next(line for line in lines("exec") if "form data" in line.raw and "shikanji" in line.raw)
    assert body.text == 'form data: {"Image": "warehouse:5000/sarafa/shikanji", "Cmd": ["sleep", "100"]}'


@pytest.mark.parametrize("body", ["[1,2]", "not json", "7", '{"Env":["A=s3cret"'])
def test_a_body_that_is_no_object_is_not_shown(body):
    quoted = body.replace('"', '\\"')
    line = daemon(f"form data: {quoted}")
    assert line.text == "form data: …"
    assert "s3cret" not in line.raw


def test_the_warehouse_s_lines_do_not_tell_the_secret_address():
    line = next(line for line in lines("run-not-cached") if line.source == "warehouse")
    assert line.fields["address"] == ALICES_ADDRESS  # by it a line is told from another's
    assert ALICES_ADDRESS not in str(line.as_event())


# --- lines as people read them ---


def test_lines_are_readable():
    texts = [line.text for line in lines("run-not-cached")]
    assert "POST /containers/create" in texts
    assert "container runtime: /tasks/start" in texts
    assert any(text.startswith("stacks the image's layers for container ") for text in texts)
    assert any(text.startswith("GET /v2/sarafa/poha/blobs/sha256:") and "… → 200 (" in text for text in texts)
    assert any(re.fullmatch("POST /containers/[0-9a-f]{12}/start", text) for text in texts)


def test_a_line_s_event_has_what_the_contract_says():
    event = lines("run-cached")[0].as_event(7)
    assert event.keys() == {"type", "at", "source", "level", "line", "raw", "order"}
    assert event["type"] == "log"
    assert event["source"] == "daemon"
    assert event["at"].endswith("Z")


def test_a_line_s_level_tells_calls_steps_and_trouble_from_the_rest():
    levels = {line.text: line.level for line in lines("run-failed-pull")}
    assert levels["POST /containers/create"] == "call"
    assert levels["asks http://warehouse:5000 for warehouse:5000/sarafa/nothing"] == "step"
    assert levels["Not continuing with pull after error: manifest unknown: manifest unknown"] == "error"
    assert any(text.startswith("GET /v2/") and level == "call" for text, level in levels.items())


def test_that_the_registry_is_tried_over_https_first_is_no_warning():
    assert "warning" not in {line.level for line in lines("run-not-cached")}


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


@pytest.mark.slow
@given(st.sampled_from(["Calling GET ", "Calling POST ", "form data: ", "Trying to pull ", ""]), st.text(max_size=100))
def test_no_message_breaks_the_flow(start, rest):
    told = Flow()
    told.feed(Call(1, 1, 0, "POST", "/containers/create", "", True))
    quoted = rest.replace("\\", "\\\\").replace('"', '\\"')
    assert told.feed(daemon(start + quoted)) is not Ellipsis


@pytest.mark.parametrize("text", ["a" * 16384, "a." * 8192, 'msg="' + '\\"' * 8000, "=" * 16384, '"' * 16384])
def test_a_line_as_long_as_docker_lets_it_be_takes_no_time(text):
    started = time.perf_counter()
    parse_daemon(1, text)
    assert time.perf_counter() - started < 2  # a few milliseconds; what grows with the square takes minutes


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
