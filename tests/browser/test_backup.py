"""A machine is lost. From a backup, on another one that has nothing of it, the learner's next page shows everything."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from platform_under_test import LESSON, ROOT, Learner, Platform, until


@pytest.fixture
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that has not been started yet."""
    fresh = Platform(tmp_path_factory.mktemp("another"), SANDBOX_POOL="0")
    try:
        yield fresh
    finally:
        fresh.stop()


def manage(platform: Platform, *argv: object) -> None:
    command = [sys.executable, "manage.py", *map(str, argv)]
    done = subprocess.run(command, cwd=ROOT, env=platform.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_learner_finds_everything_again(arrive, platform, another, tmp_path):
    alice = arrive()
    alice.start()
    alice.run("echo 'two plates of poha' > note.txt")
    alice.run("docker run --rm warehouse:5000/sarafa/poha")
    until(lambda: alice.is_done("first-order"), 10, "the tick")
    alice.run("docker tag warehouse:5000/sarafa/poha warehouse:5000/$LEARNER/poha && echo $LEARNER > space.txt")
    assert "digest: sha256:" in alice.run("docker push warehouse:5000/$LEARNER/poha", seconds=60)
    manage(platform, "backup", "--to", tmp_path)

    [file] = tmp_path.iterdir()
    manage(another, "restore", file)
    another.start()

    # Browsers send cookies to a name, whatever the port: hers gets there, as it would to a new machine of the old name.
    alice = Learner(alice.page.context.new_page(), another)
    alice.page.goto(another.url + LESSON)
    assert alice.is_done("first-order")
    alice.wait_for_prompt(60)
    assert "two plates of poha" in alice.run("cat note.txt")
    assert "same" in alice.run("[ $(cat space.txt) = $LEARNER ] && echo same")
    assert "POHA" in alice.run("docker run --rm warehouse:5000/$LEARNER/poha", seconds=60)
    assert "digest: sha256:" in alice.run("docker push warehouse:5000/$LEARNER/poha", seconds=60)
    assert "Traceback" not in (another.folder / "log" / "web.log").read_text()
