"""The workspace as Chromium draws it: how soon a call is seen, what rest costs, how smooth a map of 50 stalls is."""

import asyncio
import statistics
import time

from bench.bench import Bench
from bench.frames import RATE, Frames, traced
from bench.report import Figure, percentile
from bench.screen import Screen, screen
from bench.watching import CALLS

APART = 0.4  # seconds between two commands
SETTLE = 5  # seconds after the last event, or after another panel was shown
TIDY = 20  # seconds after which the scripts' memory was tidied up that much work has left behind
STALLS = 50
CREATE = "docker create --entrypoint sleep --name stall-{} warehouse:5000/sarafa/poha 1000"
SET_UP = f"for n in {{1..{STALLS}}}; do {CREATE.format('$n')}; done > /dev/null 2>&1; docker start stall-{{1..5}}"
CHANGES = (
    "docker start stall-9", "docker pause stall-9", "docker unpause stall-9", "docker rm --force stall-9",
    CREATE.format(9),
)  # fmt: skip
# Notes of each command's group the microsecond that it is named after, the engine's of the tap's first line about it,
# and the millisecond after a frame with it was made: a frame later than that which brings it, as it may be put into the
# list in the middle of one.
NOTE_GROUPS = """() => {
    window.groups = new Map();
    const note = (orders) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
            const now = performance.timeOrigin + performance.now();
            for (const order of orders) if (!groups.has(order)) groups.set(order, now);
        };
        port2.postMessage(null);
    };
    new MutationObserver((changes) => {
        const added = changes.flatMap((change) => [...change.addedNodes]);
        const orders = added.map((node) => Number(node.dataset?.order)).filter(Boolean);
        if (orders.length) requestAnimationFrame(() => note(orders));
    }).observe(document.querySelector('[data-calls]'), { childList: true });
}"""


async def measure(bench: Bench) -> list[Figure]:
    async with bench.sandbox() as learner, screen(learner) as shown:
        await asyncio.sleep(SETTLE)
        seen = await event_to_pixel(shown, bench.times(50, 15))
        await set_up_stalls(shown)
        rest = await idle(shown, bench.times(10, 5))
        return [seen, rest, *await smooth(shown, bench.times(12, 6))]


async def event_to_pixel(shown: Screen, count: int) -> Figure:
    await shown.show("flow")
    await shown.page.evaluate(NOTE_GROUPS)
    for _ in range(count):
        await shown.run(CALLS)
        await asyncio.sleep(APART)
    groups: list[list[float]] = await shown.page.evaluate("[...groups]")
    delays = [painted - order / 1000 for order, painted in groups]
    note = f"n={len(delays)}, p95 {percentile(delays, 95):.0f} ms; to the end of the first frame begun with it"
    return Figure("event to pixel, in Chromium, median", statistics.median(delays), "ms", 150, note)


async def set_up_stalls(shown: Screen) -> None:
    await shown.show("map")
    await shown.enlarge_panels()
    await shown.run(SET_UP)
    await shown.until(f"document.querySelectorAll('.map-stall').length === {STALLS}")


async def idle(shown: Screen, seconds: float) -> Figure:
    """Let the page rest with the flow of all that was done, and with the map; the cursor blinks in the terminal."""
    thread, process = {}, {}
    await asyncio.sleep(TIDY)
    for tab in ("flow", "map"):
        await shown.show(tab)
        await shown.focus_terminal()
        await asyncio.sleep(SETTLE)
        thread[tab], process[tab] = await busy(shown, seconds)
    parts = ", ".join(f"{tab} {thread[tab]:.2f} % ({process[tab]:.2f} %)" for tab in thread)
    note = f"its main thread (and all of its process), over {seconds:g} s each: {parts}; {STALLS} stalls"
    return Figure("idle page, of a processor", max(thread.values()), "%", 1, note)


async def busy(shown: Screen, seconds: float) -> tuple[float, float]:
    """Return the per cent of a processor that the page's tasks, and all of its process, take now."""
    start, before = time.perf_counter(), await shown.metrics()
    await asyncio.sleep(seconds)
    after = await shown.metrics()
    passed = time.perf_counter() - start
    task, process = ((after[name] - before[name]) * 100 / passed for name in ("TaskDuration", "ProcessTime"))
    return task, process


async def smooth(shown: Screen, seconds: int) -> list[Figure]:
    """Change the map, faster than anybody types; and again without a pause, when the daemon takes all there is."""
    await shown.show("map")
    paced, crowded = await frames_of(shown, seconds, APART), await frames_of(shown, seconds, 0)
    told = f"{paced.said}, a container changed every {APART:g} s: started, paused, removed, …"
    name = f"map of {STALLS} stalls, frames"
    return [
        Figure(name, round(paced.per_second), "/s", RATE, told, at_least=True),
        Figure(f"{name}, without a pause", round(crowded.per_second), "/s", note=f"{crowded.said}, one on the other"),
    ]


async def frames_of(shown: Screen, seconds: int, apart: float) -> Frames:
    changes = "".join(f"{change}; sleep {apart:g}; " for change in CHANGES)
    async with traced(shown) as frames:
        await shown.run(f"end=$((SECONDS + {seconds})); while ((SECONDS < end)); do {changes}done > /dev/null 2>&1")
    await asyncio.sleep(SETTLE)
    return frames
