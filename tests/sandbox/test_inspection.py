"""Lines kept for checks, when no thread can be had. With real programs: tests/docker/test_containers.py."""

import threading

from sandbox import inspection
from sandbox.container import here
from tests.parts import until


class Line:
    closed = False

    def close(self) -> None:
        self.closed = True


def test_lines_are_closed_though_once_no_thread_could_be_had(monkeypatch):
    monkeypatch.setattr(inspection, "KEPT_SECONDS", 0.01)
    monkeypatch.setattr(inspection, "PAUSE", 0.01)
    lines, first, second = inspection.KeptLines(), Line(), Line()
    with monkeypatch.context() as short_of_threads:
        short_of_threads.setattr(threading.Timer, "start", lambda _timer: (_ for _ in ()).throw(RuntimeError("full")))
        lines.keep(here("one"), first)
    lines.keep(here("two"), second)
    until(lambda: first.closed and second.closed, 5, "both to be closed")
