"""Starts that cannot succeed end at once, with a sentence that says what to do."""

import importlib.util
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import until

ROOT = Path(__file__).resolve().parents[2]


def start(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "scripts/run.py"], cwd=ROOT, text=True, capture_output=True, timeout=60, check=False,
        env={**os.environ, "DATA_DIR": str(folder), **environment},
    )  # fmt: skip


def test_a_taken_port_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = start(tmp_path, PORT=port)
    assert ended.returncode == 1
    assert f"Port {port}" in ended.stderr
    assert "make run PORT=" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_second_start_on_the_same_data_is_refused(tmp_path):
    import fcntl

    with (tmp_path / "run.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = start(tmp_path)
    assert ended.returncode == 1
    assert "runs already" in ended.stderr


def test_an_engine_that_is_away_is_said_in_a_sentence(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ended = start(tmp_path, PORT=port, DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert ended.returncode == 1
    assert "No Docker Engine answers" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_python_that_is_too_old_is_named(tmp_path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.2\n[ "$1" != -c ]\n')
    old.chmod(0o755)
    ended = subprocess.run(
        ["make", "python-version", f"PYTHON={old}"], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert ended.returncode != 0
    assert "Python 3.11 or newer is needed; this is Python 3.9.2" in ended.stdout


def test_no_python_at_all_is_said():
    ended = subprocess.run(
        ["make", "python-version", "PYTHON=no-such-python"], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert ended.returncode != 0
    assert "Python is missing" in ended.stdout


def test_a_path_too_long_for_a_socket_is_said(tmp_path):
    deep = tmp_path / ("stall" * 20)
    ended = start(deep, PORT="0")
    assert ended.returncode == 1
    assert "Set DATA_DIR to a shorter one" in ended.stderr


@pytest.fixture
def run(tmp_path, monkeypatch):
    """scripts/run.py, which is no part of a package, with data of its own."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.syspath_prepend(ROOT / "scripts")
    spec = importlib.util.spec_from_file_location("run", ROOT / "scripts" / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def child_of(tmp_path: Path) -> int:
    """Return the number of the child that the process has started, once it has said it."""
    log = tmp_path / "log" / "parent.log"
    return int(until(lambda: log.read_text().split("\n")[:-1], 10, "its number")[-1])


def test_a_process_that_is_started_again_leaves_no_child_of_the_old_one(run, tmp_path):
    parent = run.Process("parent", ["sh", "-c", "sleep 600 & echo $!; wait"])
    parent.start()
    child = child_of(tmp_path)
    assert not has_ended(child)
    parent.running.send_signal(signal.SIGKILL)
    parent.running.wait()
    (tmp_path / "log" / "parent.log").write_text("")
    parent.started_at = 0
    parent.tend()
    until(lambda: has_ended(child), 5, "the old child's end")
    another = child_of(tmp_path)
    parent.stop()
    until(lambda: has_ended(another), 5, "the new child's end")


def test_each_process_may_have_as_many_open_files_as_the_system_allows(tmp_path):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    script = "import run, subprocess; run.allow_many_files(); subprocess.run(['sh', '-c', 'ulimit -n'])"
    environment = os.environ | {"DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT / "scripts")}
    argv = ["sh", "-c", f'ulimit -S -n 256 && exec "{sys.executable}" -c "{script}"']
    ended = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout == f"{most}\n"
