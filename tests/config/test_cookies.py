"""Cookies by the names of ours, which may be somebody else's."""

import pytest

from config.cookies import Unambiguous


async def passed_on(*cookies: bytes) -> list[bytes]:
    seen = []

    async def application(scope, receive, send):
        seen.extend(value for name, value in scope["headers"] if name == b"cookie")

    headers = [(b"host", b"here"), *((b"cookie", value) for value in cookies)]
    await Unambiguous(application)({"type": "http", "headers": headers}, None, None)
    return seen


@pytest.mark.parametrize(
    "cookies",
    [
        [b"sessionid=a; sessionid=b; plate=blue"],
        [b"sessionid=a; plate=blue; sessionid=b"],
        [b"sessionid=a;sessionid = b;plate=blue"],
        [b"sessionid=a; sessionid; plate=blue"],
    ],
)
async def test_two_sessions_are_none(cookies):
    assert await passed_on(*cookies) == [b"plate=blue"]


async def test_one_with_a_letter_that_no_database_has_is_none():
    assert await passed_on(rb'sessionid="abcdefgh\000"; plate=blue') == [b"plate=blue"]


async def test_two_headers_are_read_as_one():
    assert await passed_on(b"sessionid=a", b"sessionid=b") == []


async def test_one_session_passes_and_so_do_others_cookies():
    assert await passed_on(b"sessionid=a; plate=blue; plate=red") == [b"sessionid=a; plate=blue; plate=red"]
    assert await passed_on(b"sessionid=a; sessionid=a") == [b"sessionid=a; sessionid=a"]
