"""Processes of the platform that can be killed: real workers and web servers, forked from one that has all imported.

Run as a program it is that one. A line on stdin, {"run": kind, "dies_at": place, "settings": {...}}, starts a process,
whose id is printed. `dies_at` is where it dies, as of kill -9: "sandbox.containers.remove before", or "after".
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WORKER = ["celery", "-A", "config", "worker", "--pool", "threads", "--without-gossip", "--without-mingle"]


class Process:
    def __init__(self, pid: int) -> None:
        self.pid = pid

    def is_alive(self) -> bool:
        with contextlib.suppress(OSError):
            return Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
        return False

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.await_death()

    def await_death(self, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while self.is_alive():
            assert time.monotonic() < end, "it did not come to the place where it dies"
            time.sleep(0.02)


class Workers:
    """Starts processes, and remembers them, so that none is left."""

    def __init__(self, log: Path, environment: dict[str, str], **settings: object) -> None:
        self.settings, self.log = settings, log
        self.started: list[Process] = []
        with log.open("ab") as output:
            self.parent = subprocess.Popen(
                [sys.executable, __file__], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, text=True,
            )  # fmt: skip

    def start(self, dies_at: str = "", run: str = "worker", **settings: object) -> Process:
        order = {"run": run, "dies_at": dies_at, "settings": self.settings | settings}
        print(json.dumps(order), file=self.parent.stdin, flush=True)
        self.started.append(Process(int(self.parent.stdout.readline())))
        return self.started[-1]

    def at_once(self, *calls: tuple[str, *tuple[object, ...]]) -> None:
        """Call functions of the platform, each in a process of its own, at the same moment: (name, argument...)."""
        before = len(self.log.read_bytes())
        options = {"run": "call", "AT": time.time() + 1}
        for process in [self.start(CALL=name, ARGUMENTS=arguments, **options) for name, *arguments in calls]:
            process.await_death(60)
        said = self.log.read_bytes()[before:].decode()
        assert "Traceback" not in said, said

    def kill_all(self) -> None:
        while self.started:
            self.started.pop().kill()

    def end(self) -> None:
        self.kill_all()
        self.parent.stdin.close()
        self.parent.wait(10)


# --- the program ---


def die_at(place: str) -> None:
    name, moment = place.split()
    module_name, function_name = name.rsplit(".", 1)
    module = import_module(module_name)
    function: Callable[..., Any] = getattr(module, function_name)

    def dying(*args: object, **kwargs: object) -> None:
        if moment == "after":
            function(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, function_name, dying)


def be_worker() -> None:
    from celery.bin.celery import main

    from config.celery import app

    app.conf.beat_schedule["reconcile"]["schedule"] = 1.0
    sys.argv = [*WORKER, "--concurrency", "4", *os.environ.get("WORKER_OPTIONS", "").split()]
    main()


def be_clock() -> None:
    from celery.bin.celery import main
    from django.conf import settings

    from config.celery import app

    app.conf.beat_schedule["reconcile"]["schedule"] = 5.0
    sys.argv = ["celery", "-A", "config", "beat", "--pidfile=", "--schedule", settings.SCHEDULE]
    main()


def be_web() -> None:
    import uvicorn
    from django.conf import settings

    options = {"lifespan": "off", "access_log": False, "ws": "config.short_frames:ShortFrames"}
    uvicorn.run("config.asgi:application", port=settings.PORT, **options)


def call() -> None:
    """Call a function of the platform at a moment, which others may have, too."""
    from django.conf import settings

    module, name = settings.CALL.rsplit(".", 1)
    function = getattr(import_module(module), name)
    time.sleep(max(0, settings.AT - time.time()))
    function(*settings.ARGUMENTS)


def open_for(learner: int) -> None:
    from courses.models import User
    from sandbox import admission

    with contextlib.suppress(admission.FullHouse):
        admission.open_for(User.objects.get(pk=learner))


KINDS = {"worker": be_worker, "clock": be_clock, "web": be_web, "call": call}


def become(order: dict[str, Any]) -> None:
    from django.conf import settings

    for name, value in order["settings"].items():
        setattr(settings, name, value)
    if order["dies_at"]:
        die_at(order["dies_at"])
    os.dup2(2, 1)
    os.close(0)
    KINDS[order["run"]]()


def serve() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    for module in ("config.celery", "config.asgi", "celery.apps.worker", "celery.bin.celery", "sandbox.tasks"):
        import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children: no zombies
    for line in sys.stdin:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                become(json.loads(line))
            except Exception:
                traceback.print_exc()
            finally:
                os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    serve()
