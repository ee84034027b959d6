"""A sandbox's logs as one stream of events."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from django.utils import timezone

from sandbox import streaming, warehouse, watch
from sandbox.container import Container
from sandbox.engine import ContainerGone, EngineUnreachable
from sandbox.models import Host, Sandbox
from sandbox.streaming import stamp
from sandbox.watch import Watch

DATA = Path(__file__).parent.parent / "data"
ALICES = "fd00::a11c:e"


class Engine:
    """Follows logs that are given as text. `ends` is how the daemon's log ends."""

    def __init__(self) -> None:
        self.lines: dict[str, list[tuple[int, str]]] = {"container": [], warehouse.container_name(): []}
        self.ends: Exception | None = None
        self.closed = False
        self.asked: dict[str, int] = {}

    def record(self, name: str) -> None:
        for entry in (DATA / f"{name}.log").read_text().splitlines():
            at, source, raw = entry.split(" ", 2)
            self.lines["container" if source == "daemon" else warehouse.container_name()].append((int(at), raw))

    async def follow(self, place: Container, since: int) -> AsyncIterator[tuple[int, str]]:
        container = place.id
        self.asked.setdefault(container, since)
        if container != "container" and self.closed:
            raise ContainerGone("The container does not run any more.")
        for at, raw in self.lines[container]:
            if at >= since:
                yield at, raw
        await asyncio.sleep(0.1 if container == "container" else 10)
        if self.ends:
            raise self.ends


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine()
    monkeypatch.setattr(streaming, "follow_log", engine.follow)
    monkeypatch.setattr(watch, "RETRY_SECONDS", 0.01)
    return engine


def watched(address: str = ALICES, after: int = 0) -> Watch:
    began = timezone.datetime.fromisoformat("2026-11-24T00:00:00+00:00")
    return Watch(Sandbox(host=Host(name="local"), container_id="container", address=address, started_at=began), after)


async def seen(one: Watch) -> list[dict]:
    async with asyncio.timeout(5):
        return [event async for event in one.events()]


async def test_both_logs_come_in_the_order_of_their_times(engine):
    engine.record("run-not-cached")
    events = await seen(watched())
    assert {event["type"] for event in events} == {"log", "flow", "answer", "object"}
    assert {event["source"] for event in events if event["type"] == "log"} == {"daemon", "warehouse"}
    times = [event["at"] for event in events]
    assert times == sorted(times)


async def test_ids_are_times_that_increase(engine):
    engine.record("run-not-cached")
    engine.record("run-cached")
    ids = [event["id"] for event in await seen(watched())]
    assert ids == sorted(set(ids))
    assert 0 <= ids[0] - 1795549730926897 < 1000


async def test_a_page_that_comes_back_gets_what_followed(engine):
    engine.record("run-not-cached")
    everything = await seen(watched())
    middle = everything[len(everything) // 2]
    rest = await seen(watched(after=middle["id"]))
    assert [(event["id"], event["type"], event["at"]) for event in rest] == [
        (event["id"], event["type"], event["at"]) for event in everything if event["id"] > middle["id"]
    ]
    assert [event for event in rest if event["type"] == "flow"]


async def test_a_flow_cut_in_half_is_understood(engine):
    """The second half of a pull still belongs to `docker run`."""
    engine.record("run-not-cached")
    everything = await seen(watched())
    pull = next(event for event in everything if event.get("call", "").startswith("pull "))
    rest = await seen(watched(after=pull["id"]))
    assert {event["command"] for event in rest if event["type"] == "flow"} == {"run"}


async def test_another_learners_requests_are_not_shown(engine):
    engine.record("run-not-cached")
    events = await seen(watched(address="fd00::c4a7"))
    assert {event["source"] for event in events if event["type"] == "log"} == {"daemon"}


async def test_checks_are_not_shown_and_count_for_nothing(engine):
    engine.record("check")
    one = watched()
    assert await seen(one) == []
    assert one.calls_seen == 0


async def test_calls_and_changes_are_counted(engine):
    engine.record("exec")
    one = watched()
    await seen(one)
    assert one.calls_seen > one.changes_seen > 0


async def test_an_engine_that_goes_away_is_said_to_be(engine):
    engine.record("run-cached")
    engine.ends = EngineUnreachable("away")
    with pytest.raises(EngineUnreachable):
        await seen(watched())


async def test_a_warehouse_that_is_closed_takes_nothing_from_the_daemons_log(engine):
    engine.record("run-cached")
    engine.closed = True
    assert await seen(watched())


async def test_a_thousand_lines_at_once_come_through_in_order(engine):
    engine.lines["container"] = [(number, f'level=info msg="line {number}"') for number in range(10_000)]
    events = await seen(watched())
    assert [event["line"] for event in events] == [f"line {number}" for number in range(10_000)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-11-24T08:11:36.384072310Z hello", (1795507896384072, "hello")),
        ("2026-11-24T08:11:36Z hello\r", (1795507896000000, "hello")),
        ("2026-11-24T08:11:36.5Z ", (1795507896500000, "")),
        ("2026-11-24T08:11:36.384072310Z", None),
        ("half a li", None),
        ("", None),
    ],
)
def test_dockers_stamp_is_split_off(line, expected):
    assert stamp(line) == expected
