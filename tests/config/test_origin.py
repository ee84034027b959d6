"""Who may open a websocket: pages of this very origin, and programs that are no browser."""

import pytest

from config.origin import is_same_origin


def headers(host: str | None, origin: str | None) -> list[tuple[bytes, bytes]]:
    pairs = [("Host", host), ("Origin", origin)]
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs if value is not None]


@pytest.fixture(autouse=True)
def names(settings):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "learn.example.org"]


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("LOCALHOST:8000", "http://localhost:8000"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("learn.example.org", "https://learn.example.org"),
        ("learn.example.org:443", "https://learn.example.org"),
        ("learn.example.org", "http://learn.example.org:80"),
        ("localhost:8000", None),
    ],
)
def test_the_same_origin_is_let_in(host, origin):
    assert is_same_origin(headers(host, origin))


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8000", "http://localhost:8001"),
        ("localhost:8000", "http://localhost"),
        ("localhost:8000", "http://127.0.0.1:8000"),
        ("localhost:8000", "http://evil.example:8000"),
        ("localhost:8000", "http://localhost.evil.example:8000"),
        ("localhost:8000", "http://evil.example/localhost:8000"),
        ("localhost:8000", "http://localhost:8000@evil.example"),
        ("localhost:8000", "http://evil@localhost:8000"),
        ("localhost:8000", "null"),
        ("localhost:8000", ""),
        ("localhost:8000", "file://"),
        ("localhost:8000", "chrome-extension://localhost:8000"),
        ("localhost:8000", "http://localhost:port"),
        ("localhost:8000", "http://localhost:99999"),
        ("localhost:8000", "http://[::1"),
        ("learn.example.org", "http://learn.example.org:443"),
        ("evil.example:8000", "http://evil.example:8000"),  # a name made to point at this machine
        (None, "http://localhost:8000"),
        ("localhost:8000", "\xff\xfe"),
    ],
)
def test_another_origin_is_not(host, origin):
    assert not is_same_origin(headers(host, origin))


def test_two_origins_are_none():
    assert not is_same_origin(headers("localhost", "http://localhost") + headers(None, "http://evil.example"))
