"""Backup, destroy, restore: the learner's next page shows everything."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from platform_under_test import LESSON, ROOT, Platform, until


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One that may be destroyed."""
    running = Platform(tmp_path_factory.mktemp("doomed"), SANDBOX_POOL="1")
    try:
        running.start()
        yield running
    finally:
        running.folder.mkdir(exist_ok=True)
        running.stop()


def manage(platform: Platform, *argv: object) -> str:
    command = [sys.executable, "manage.py", *map(str, argv)]
    done = subprocess.run(command, cwd=ROOT, env=platform.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def volumes(platform: Platform) -> list[str]:
    listed = ["docker", "volume", "ls", "--quiet", "--filter", f"name=^{platform.warehouse}$"]
    return subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()


def test_a_learner_finds_everything_again(arrive, platform, tmp_path):
    alice = arrive()
    alice.start()
    alice.run("echo 'two plates of poha' > note.txt")
    alice.run("docker run --rm warehouse:5000/sarafa/poha")
    until(lambda: alice.is_done("first-order"), 10, "the tick")
    alice.run("docker tag warehouse:5000/sarafa/poha warehouse:5000/$LEARNER/poha && echo $LEARNER > space.txt")
    assert "digest: sha256:" in alice.run("docker push warehouse:5000/$LEARNER/poha", seconds=60)

    manage(platform, "backup", "--to", tmp_path)
    [file] = tmp_path.iterdir()
    assert volumes(platform)
    platform.stop()
    assert not volumes(platform)
    shutil.rmtree(platform.folder)

    platform.folder.mkdir()
    manage(platform, "restore", file)
    platform.start()

    alice.page.goto(platform.url + LESSON)
    assert alice.is_done("first-order")
    alice.wait_for_prompt()
    assert "two plates of poha" in alice.run("cat note.txt")
    assert "same" in alice.run("[ $(cat space.txt) = $LEARNER ] && echo same")
    assert "POHA" in alice.run("docker run --rm warehouse:5000/$LEARNER/poha", seconds=60)
    assert "digest: sha256:" in alice.run("docker push warehouse:5000/$LEARNER/poha", seconds=60)
