"""How many of its frames a page drew, as Chromium's own trace tells."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.screen import Screen

CATEGORY = "disabled-by-default-devtools.timeline.frame"
RATE = 60  # ticks a second of Chromium's clock when no screen sets another


@dataclass
class Frames:
    """Frames that were due: at a tick of the clock the page had something to draw.

    A tick at which nothing had changed is no due frame. One that an animation went on in is drawn, even if the page's
    scripts were too late for it. What a real screen adds, and a graphics processor takes off, is not in it.
    """

    drawn: int = 0
    dropped: int = 0

    @property
    def due(self) -> int:
        return self.drawn + self.dropped

    @property
    def per_second(self) -> float:
        """Frames that a second has, in which every tick is due."""
        return RATE * self.drawn / self.due if self.due else 0

    @property
    def said(self) -> str:
        return f"{self.drawn} of {self.due} due frames drawn"


@asynccontextmanager
async def traced(screen: Screen) -> AsyncIterator[Frames]:
    """Yield the frames of what is done meanwhile; they are counted at the end."""
    frames = Frames()
    await screen.browser.start_tracing(page=screen.page, categories=[CATEGORY])
    try:
        yield frames
    finally:
        trace = json.loads(await screen.browser.stop_tracing())
    counts = Counter((event["name"], event["pid"]) for event in trace["traceEvents"] if event.get("cat") == CATEGORY)
    # The browser's own window has a few frames, too.
    page = max((pid for name, pid in counts if name == "BeginFrame"), key=lambda pid: counts["BeginFrame", pid])
    frames.drawn, frames.dropped = counts["DrawFrame", page], counts["DroppedFrame", page]
