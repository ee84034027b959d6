"""A learner's browser with its screen: Chromium, on the lesson, with the workspace and the learner's sandbox in it."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, CDPSession, Page, ViewportSize, async_playwright

from bench.learner import Learner

LESSON = "/courses/sarafa-bazaar/day-2/"
WINDOW = ViewportSize(width=1600, height=1200)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 120  # seconds for a prompt, or for what a command does
PROMPT = "learner@sarafa:~$"
# The line in which the cursor stands.
LINE = """() => {
    const buffer = document.querySelector('[data-testid=terminal-client]')?.terminal?.buffer.active;
    return buffer?.getLine(buffer.baseY + buffer.cursorY)?.translateToString(true).trim() ?? '';
}"""


class Screen:
    """The page of the lesson, as it is shown."""

    def __init__(self, browser: Browser, page: Page, session: CDPSession) -> None:
        self.browser = browser
        self.page = page
        self.session = session

    async def show(self, tab: str) -> None:
        """Show a panel. There is no pointer that rests on something afterwards."""
        await self.page.dispatch_event(f"#tab-{tab}", "click")

    async def focus_terminal(self) -> None:
        await self.page.focus("[data-testid=terminal-client] textarea")

    async def enlarge_panels(self) -> None:
        """Give the panel below the terminal all the height that a learner can give it."""
        await self.page.focus("[data-separator=rows]")
        await self.page.keyboard.press("Home")

    async def metrics(self) -> dict[str, float]:
        """Return what Chromium counts of the page; times are in seconds."""
        metrics = (await self.session.send("Performance.getMetrics"))["metrics"]
        return {metric["name"]: metric["value"] for metric in metrics}

    async def run(self, command: str) -> None:
        """Type a command into the page's terminal, and return when the prompt is there again."""
        await self.await_line(PROMPT)
        await self.focus_terminal()
        await self.page.keyboard.insert_text(command)
        await self.await_line(PROMPT, is_there=False)
        await self.page.keyboard.press("Enter")
        await self.await_line(PROMPT)

    async def await_line(self, text: str, is_there: bool = True) -> None:
        await self.until(f"(({LINE})() === {json.dumps(text)}) === {json.dumps(is_there)}")

    async def until(self, expression: str) -> None:
        """Wait until the page says so. It is asked from here, and seldom: what is measured is the page."""
        for _ in range(PATIENCE * 10):
            if await self.page.evaluate(expression):
                return
            await asyncio.sleep(0.1)
        raise RuntimeError(f"the page does not come to {expression}")


@asynccontextmanager
async def screen(learner: Learner) -> AsyncIterator[Screen]:
    """Yield the page of a learner whose sandbox runs, with a prompt in its terminal."""
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-headless-shell")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            context = await browser.new_context(viewport=WINDOW)
            await context.add_cookies([{"name": k, "value": v, "url": learner.url} for k, v in learner.cookies.items()])
            page = await context.new_page()
            await page.goto(learner.url + LESSON)
            session = await context.new_cdp_session(page)
            await session.send("Performance.enable")
            shown = Screen(browser, page, session)
            await shown.await_line(PROMPT)
            yield shown
        finally:
            await browser.close()
