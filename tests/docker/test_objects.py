"""What a sandbox's daemon manages, asked again and again over one line."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox import objects, streaming
from sandbox.engine import EngineError
from tests.liar import LIES, put_liar
from tests.parts import until

POHA = "warehouse:5000/sarafa/poha"


def opened(place: Any) -> AbstractAsyncContextManager[objects.Asker]:
    sandbox: Any = SimpleNamespace(container=place.container, owner_uid=place.spec.owner_uid)
    return objects.asker(sandbox)


async def asked(place: Any, times: int = 1) -> list[dict[str, Any]]:
    try:
        async with opened(place) as asker:
            return [await asker.ask() for _ in range(times)]
    finally:
        await streaming.close_client()


def ask(place: Any, times: int = 1) -> list[dict[str, Any]]:
    return asyncio.run(asked(place, times))


def test_it_tells_containers_images_networks_and_volumes(alices):
    alices.learner(
        f"""docker pull -q {POHA}; docker network create lane; docker volume create jar
        docker run -d --name open -p 8080:80 --network lane -v jar:/jar --entrypoint sleep {POHA} 600
        docker run --name over --entrypoint sh {POHA} -c 'exit 3'; docker create --name closed {POHA}""",
        60,
    )
    (told,) = ask(alices)
    stalls = {one["name"]: one for one in told["containers"]}
    assert {name: (one["state"], one["exit"]) for name, one in stalls.items()} == {
        "open": ("running", None), "over": ("exited", 3), "closed": ("created", None)}  # fmt: skip
    assert stalls["open"]["ports"] == [{"port": 80, "protocol": "tcp", "host": 8080}]
    assert stalls["open"]["networks"] == ["lane"]
    assert stalls["open"]["volumes"] == ["jar"]
    assert len(stalls["open"]["id"]) == 12
    (image,) = [one for one in told["images"] if f"{POHA}:latest" in one["tags"]]
    assert len(image["layers"]) >= 2
    assert image["size"] > 1_000_000
    assert {"bridge", "host", "none", "lane"} == {one["name"] for one in told["networks"]}
    assert [one["name"] for one in told["volumes"]] == ["jar"]


def test_it_is_asked_again_over_the_same_line(charlies):
    first, second = ask(charlies, 2)
    assert first == second
    assert first["containers"] == []


def test_nothing_stays_in_the_sandbox_when_a_page_goes(charlies):
    def is_there() -> bool:
        return charlies.owner("pgrep -f '^/bin/sh /sbx/objects'")[0] == 0

    async def look() -> bool:
        try:
            async with opened(charlies) as asker:
                await asker.ask()
                return is_there()
        finally:
            await streaming.close_client()

    assert asyncio.run(look())
    until(lambda: not is_there(), 5, "the end of what was asked")


@pytest.mark.parametrize("lie", LIES)
def test_a_daemon_that_lies_is_no_answer(new_place, lie):
    place = new_place()
    put_liar(place, lie)
    began = time.monotonic()
    with pytest.raises(EngineError, match="did not tell"):
        ask(place)
    assert time.monotonic() - began < objects.SECONDS + 3
