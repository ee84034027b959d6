"""An engine whose disk is full: the learner is told so, and what to do."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import engine, tasks
from sandbox.models import Sandbox, State

pytestmark = pytest.mark.docker

ALONE = "--bridge none --iptables=false --storage-driver vfs"


@pytest.fixture
def tiny(tmp_path_factory, settings, monkeypatch) -> Iterator[Path]:
    """A second engine, with 48 MiB of disk; in a network namespace of its own, to leave the first one's alone."""
    dockerd = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert dockerd
    folder = tmp_path_factory.mktemp("engine")
    disk, socket = folder / "disk", folder / "docker.sock"
    disk.mkdir()
    options = f"--host unix://{socket} --data-root {disk}/data --exec-root {folder}/exec --pidfile {folder}/pid"
    script = f"mount -t tmpfs -o size=48m tmpfs {disk} && exec {dockerd} {options} {ALONE}"
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        ["unshare", "--net", "--mount", "sh", "-c", script], stdout=log, stderr=log, start_new_session=True
    )
    settings.DOCKER_HOST = f"unix://{socket}"
    monkeypatch.setattr(engine, "_thread", engine.threading.local())
    try:
        wait_for(socket, process, folder / "log")
        yield Path(f"/proc/{process.pid}/root{disk}")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def wait_for(socket: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            engine.ping()
            return
        except engine.EngineUnreachable:
            time.sleep(0.1)
    raise AssertionError(log.read_text()[-2000:])


def test_a_start_on_a_full_disk_fails_with_a_word_on_what_to_do(tiny, alice, settings, tmp_path):
    (tmp_path / "file").write_text("a small image")
    subprocess.run(["tar", "-cf", tmp_path / "small.tar", "-C", tmp_path, "file"], check=True)
    engine.client().import_image_from_file(str(tmp_path / "small.tar"), repository="small", changes="CMD /file")
    settings.SANDBOX_IMAGE = "small"
    filled = subprocess.run(["dd", "if=/dev/zero", f"of={tiny}/filler", "bs=1M"], capture_output=True, check=False)
    assert b"No space left" in filled.stderr

    sandbox = Sandbox.objects.create(learner=alice)
    tasks.start_sandbox(sandbox.pk)

    sandbox.refresh_from_db()
    assert sandbox.state == State.FAILED
    assert "The disk of the Docker Engine is full" in sandbox.reason()
