"""The whole platform as `make run` starts it, on data and a port of its own; and a learner in front of it."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

from sandbox.models import Sandbox

ROOT = Path(__file__).resolve().parents[2]
PROMPT = "learner@sarafa:~$"
LESSON = "/courses/sarafa-bazaar/day-2/"
WINDOW = {"width": 1280, "height": 900}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# How much longer than on a quiet machine it may take: two browsers, their platforms and sandboxes share the processors.
PATIENCE = 4


def until(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return the first true value of `true()`; fail, saying what was waited for, when it comes far too late."""
    return within(true, seconds * PATIENCE, what)


def within(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """The same, for what must not take longer, however busy the machine is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = true()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


class Platform:
    def __init__(self, folder: Path, within: Sequence[str] = (), **environment: str) -> None:
        """`within` is a command that runs others, say in another network."""
        self.within = within
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.output = folder / "run.log"
        self.environment = {**os.environ, "DATA_DIR": str(folder), "PORT": str(self.port)} | {
            "VISITS_PORT": str(free_port()), "STATIC_ROOT": str(ROOT / "var" / "static-under-test"), **environment,
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def shell(self, script: str) -> str:
        """Run a script as `manage.py shell` does, on this platform's data; return what it printed."""
        argv = [sys.executable, "manage.py", "shell", "-v", "0", "-c", script]
        return subprocess.run(argv, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True).stdout

    def rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """Ask this platform's database, much sooner than a Django of its own could."""
        with sqlite3.connect(self.folder / "sarafa.sqlite3", timeout=20) as database:
            return database.execute(query, values).fetchall()

    @cached_property
    def warehouse(self) -> str:
        """The name of the warehouse's container."""
        return self.shell("from sandbox import warehouse; print(warehouse.container_name())").split()[-1]

    def logs(self) -> list[Path]:
        return sorted((self.folder / "log").glob("*.log"))

    def start(self) -> None:
        with self.output.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.within, sys.executable, "scripts/run.py"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        until(self.is_ready_or_dead, 180, "the line Ready")
        assert self.process.poll() is None, self.output.read_text()

    def is_ready_or_dead(self) -> bool:
        assert self.process
        return self.process.poll() is not None or f"Ready: {self.url}" in self.output.read_text()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        teardown = [sys.executable, "scripts/teardown.py", "--shelves"]
        subprocess.run(teardown, cwd=ROOT, env=self.environment, check=True)

    def pid_of(self, word: str) -> int | None:
        """Return the process of this platform that has `word` on its command line."""
        assert self.process
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and word in (folder / "cmdline").read_text():
                    return int(folder.name)
            except (OSError, IndexError, ValueError):
                continue
        return None

    def kill(self, word: str) -> None:
        """Kill a process as a crash would, and wait until its successor is there and pages are served."""
        victim = self.pid_of(word)
        assert victim, f"no process {word}"
        os.kill(victim, signal.SIGKILL)
        until(lambda: self.pid_of(word) not in (None, victim), 20, f"a new {word}")
        until(self.is_serving, 30, "it to serve")

    def is_serving(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.url}/healthz", timeout=5).status == 200
        except OSError:
            return False

    def instructor_link(self) -> str:
        """Return a new one: that of the start is too old after a quarter of an hour."""
        argv = [sys.executable, "manage.py", "instructor_link", "--base", self.url]
        said = subprocess.run(argv, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True).stdout
        return said.split()[-1]


class Learner:
    """Somebody at a browser."""

    def __init__(self, page: Page, platform: Platform) -> None:
        self.page = page
        self.platform = platform

    def start(self) -> None:
        """Go from the front page to Day 2 and a prompt, as a newcomer does."""
        self.page.goto(self.platform.url)
        self.page.get_by_test_id("start-learning").first.click()
        self.page.wait_for_url("**/courses/**")
        if not self.page.url.endswith(LESSON):
            self.page.get_by_role("link", name=re.compile("Architecture")).first.click()
            self.page.wait_for_url(f"**{LESSON}")
        self.wait_for_prompt()

    def start_over(self, **options: object) -> None:
        """Have a new browser, shell and home in the same sandbox: what one test did must not matter to the next."""
        before = self.page.context
        context = before.browser.new_context(viewport=WINDOW, storage_state={"cookies": before.cookies()}, **options)
        assert self.sandbox, "asked while there is a page that knows"
        self.page = context.new_page()
        before.close()
        emptied = self.beside(
            "pkill -KILL -x keeper; rm -rf ~/*; docker ps -aq | xargs -r docker rm -f; ls ~ && echo empty"
        )
        assert emptied.split()[-1:] == ["empty"]
        self.page.goto(self.platform.url + LESSON)
        self.wait_for_prompt()

    @property
    def code(self) -> str:
        """The sandbox's code, as the API tells it."""
        token = self.page.locator("#workspace").get_attribute("data-csrf")
        headers = {"X-CSRFToken": token or "", "Referer": self.page.url}
        answer = self.page.request.post(f"{self.platform.url}/sandbox/", headers=headers)
        return str(answer.json()["code"])

    def screen(self) -> str:
        """All that the terminal holds, scrollback included, as text."""
        script = """() => {
            const terminal = document.querySelector('[data-testid=terminal-client]')?.terminal;
            if (!terminal) return '';
            const buffer = terminal.buffer.active, lines = [];
            for (let i = 0; i < buffer.length; i++) {
                const line = buffer.getLine(i);
                const text = line.translateToString(true);
                if (line.isWrapped && lines.length) lines[lines.length - 1] += text; else lines.push(text);
            }
            return lines.join('\\n').trimEnd();
        }"""
        return str(self.page.evaluate(script))

    def at_prompt(self) -> bool:
        return self.screen().endswith(PROMPT)

    def wait_for_prompt(self, seconds: float = 30) -> None:
        until(self.at_prompt, seconds, "the prompt")

    def type(self, text: str) -> None:
        self.page.get_by_test_id("terminal-client").locator("textarea").focus()
        self.page.keyboard.type(text)

    def run(self, command: str, seconds: float = 30) -> str:
        """Type a command, wait for the next prompt, and return what it printed."""
        prompts = self.screen().count(PROMPT)
        self.type(command + "\n")
        until(lambda: self.screen().count(PROMPT) > prompts and self.at_prompt(), seconds, command)
        return self.screen().split(PROMPT)[-2].split("\n", 1)[-1]

    def beside(self, command: str, seconds: float = 30, user: str = "learner") -> str:
        """Run a command in the sandbox, but not in the terminal; return what it printed."""
        container, owner = self.sandbox
        enter = ["docker", "exec", "--user", f"{owner}:{owner}", container, "/sbx/enter", "-u", user]
        enter += ["bash", "-c", command]
        return subprocess.run(enter, capture_output=True, text=True, timeout=seconds * PATIENCE, check=False).stdout

    @cached_property
    def sandbox(self) -> tuple[str, str]:
        """The container's id and the owner's uid of the sandbox that was there when this was asked first."""
        query = "SELECT container_id, id FROM sandbox_sandbox WHERE code = ?"
        [(container, number)] = self.platform.rows(query, self.code)
        return container, str(Sandbox(pk=number).owner_uid)

    def tell_story(self, told: bool) -> None:
        """Switch the story on or off."""
        switch = self.page.locator("button[data-choice=story]")
        if (switch.get_attribute("aria-pressed") == "true") != told:
            switch.click()

    def pane(self, name: str) -> Locator:
        return self.page.get_by_test_id(f"log-{name}")

    def task(self, name: str) -> Locator:
        return self.page.get_by_test_id(f"task-{name}")

    def is_done(self, name: str) -> bool:
        return self.task(name).get_attribute("data-state") == "done"
