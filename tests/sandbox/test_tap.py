"""Lines that the tap printed, and lines that only look like it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.flow import Flow
from sandbox.tap import Answer, Call, Command, Ended, ObjectEvent, Opened, hear, plain_name
from tests.recordings import NAMES, POHA, recorded

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def told(**fields: object) -> str:
    return json.dumps(fields)


def test_each_line_of_a_recording_that_the_tap_printed_is_heard():
    kinds = {type(entry) for name in NAMES for entry in recorded(name)}
    assert {Command, Call, Answer, Ended, ObjectEvent} <= kinds
    assert hear(1, '{"tap": "open"}') == Opened(1)


def test_a_call_is_told_without_its_version():
    one = hear(7, told(tap="call", call=3, command=2, method="GET", uri="/v1.45/images/json?all=1"))
    assert one == Call(7, 3, 2, "GET", "/images/json", "all=1", True)
    other = hear(7, told(tap="call", call=3, command=2, method="GET", uri="/version"))
    assert isinstance(other, Call)
    assert not other.versioned


def test_a_refusal_is_told_in_the_daemon_s_words():
    body = '{"message":"No such image: \\"x\\" <b>"}\n'
    answer = hear(1, told(tap="answer", call=3, status=404, us=1374, body=body))
    assert answer == Answer(1, 3, 404, 1.4, 'No such image: "x" <b>', "")


@pytest.mark.parametrize("body", ['{"message":"cut off in the mid', '{"message":"cut off in the mid\\', "plain text\n"])
def test_a_refusal_that_lacks_its_end_is_told_as_far_as_it_goes(body):
    answer = hear(1, told(tap="answer", call=3, status=500, us=1, body=body))
    assert isinstance(answer, Answer)
    assert answer.error in {"cut off in the mid", "plain text"}


def test_an_answer_to_create_tells_the_container():
    answer = hear(1, told(tap="answer", call=3, status=201, us=1, body='{"Id":"' + "ab" * 32 + '","Warnings":[]}\n'))
    assert isinstance(answer, Answer)
    assert answer.made == "ab" * 32


def test_an_event_that_was_too_long_is_an_event_of_something():
    assert hear(1, '{"tap": "event"}') == ObjectEvent(1, "", "", "", {})


@pytest.mark.parametrize(
    ("identity", "short"),
    [("sha256:" + "a" * 64, "a" * 12), ("a" * 64, "a" * 12), ("my-volume", "my-volume"), (f"{POHA}:1", f"{POHA}:1")],
)
def test_an_object_s_id_is_shown_as_docker_shows_it(identity, short):
    assert ObjectEvent(1, "image", "pull", identity, {}).short == short


@pytest.mark.parametrize(
    ("image", "plain"),
    [
        ("nginx", "nginx"),
        ("nginx:latest", "nginx"),
        ("docker.io/library/nginx:1", "nginx:1"),
        ("warehouse:5000/sarafa/poha:latest", POHA),
    ],
)
def test_an_image_is_called_what_one_types(image, plain):
    assert plain_name(image) == plain


@pytest.mark.parametrize(
    "raw",
    [
        "",
        '{"tap": ',
        '{"tap": "call"}',
        '{"tap": "call", "call": "x", "command": 1, "method": "GET", "uri": "/"}',
        '{"tap": "answer", "call": 1, "status": [], "us": 1, "body": ""}',
        '{"tap": "event", "event": {"Type": "container"}}',
        '{"tap": "event", "event": {"Type": "container", "Action": "x", "Actor": 7}}',
        '{"tap": "event", "event": [1]}',
        '{"tap": "command", "command": 1, "argv": 7}',
        '{"tap": "call", "call": 1, "command": 1, "method": "GET", "uri": "http://[/"}',
        '{"tap": ' + "[" * 5000,
    ],
)
def test_a_line_that_is_broken_is_not_heard(raw):
    assert hear(1, raw) is None


@pytest.mark.slow
@given(st.sampled_from(["open", "command", "call", "answer", "end", "event", "x"]), st.dictionaries(
    st.sampled_from(["call", "command", "argv", "method", "uri", "status", "us", "body", "event"]), JSON))  # fmt: skip
def test_root_of_a_sandbox_may_print_what_it_likes(kind, fields):
    entry = hear(1, json.dumps({"tap": kind} | fields))
    assert entry is None or Flow().feed(entry) is not Ellipsis
