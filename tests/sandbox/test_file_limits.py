"""How often the editor may save."""

import json

import pytest
from django.core.cache import cache

from sandbox import file_api, files


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    written: list[str] = []

    def write(sandbox: object, path: str, text: str, version: str) -> files.File:
        written.append(text)
        return files.File(path, text, "0" * 64)

    monkeypatch.setattr(files, "write", write)
    monkeypatch.setattr(file_api, "SAVES_PER_MINUTE", 3)
    cache.clear()
    return written


def save(client, sandbox, text):
    body = json.dumps({"text": text, "version": "-"})
    return client.put(f"/sandbox/{sandbox.code}/file/?path=Dockerfile", body, content_type="application/json")


def test_who_saves_too_often_is_told_to_wait_and_nothing_is_written(alice, bob, make, signed_in, written):
    client, sandbox = signed_in(alice), make(alice)
    assert [save(client, sandbox, str(number)).status_code for number in range(5)] == [200, 200, 200, 429, 429]
    assert written == ["0", "1", "2"]
    assert "tried again" in save(client, sandbox, "6").json()["error"]
    assert save(signed_in(bob), make(bob), "his").status_code == 200
