"""What the images of deploy/ are made from, and what docker-compose.yml gives to whom, as their files say it."""

import os
import platform
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def test_what_git_keeps_out_of_an_images_folder_is_kept_out_of_the_image():
    """The last line that fits decides, so those that leave out stand behind the one that lets the folder in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    private = re.findall(r"^/(deploy/\w+)/$", (ROOT / ".gitignore").read_text(), re.MULTILINE)
    assert set(private) == {"deploy/secrets", "deploy/certificates"}
    for folder in private:
        assert lines.index(folder) > lines.index("!deploy")


def test_who_reaches_an_engine_has_other_hosts_certificates_and_nobody_else():
    """They are in the volume `data`; who has no way to this engine is to have none to those."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounts = {name: " ".join(service.get("volumes", [])) for name, service in services.items()}
    reaching = {name for name, text in mounts.items() if "docker.sock" in text}
    assert reaching == {"stream", "visits", "worker", "tokens", "prepare"}
    assert {name for name, text in mounts.items() if re.search(r"(^| )data:/data", text)} == reaching


def last_step(stage: str, folder: Path) -> str:
    """Run the last step of a stage of the Dockerfile in `folder` instead of the root; return what it would call."""
    text = (ROOT / "deploy/Dockerfile").read_text().partition(f" AS {stage}\n")[2].partition("\nFROM ")[0]
    step = text.rpartition("\nRUN ")[2].replace("/wheels", f"{folder}/wheels").replace("/opt/", f"{folder}/opt/")
    (folder / "opt/platform/bin").mkdir(parents=True)
    (folder / "bin").mkdir()
    for program in ("bin/packages", "bin/npm", "opt/platform/bin/pip"):
        (folder / program).write_text('#!/bin/sh\necho "${0##*/} $*"\n')
        (folder / program).chmod(0o755)
    (folder / "bin/python3").symlink_to(sys.executable)
    environment = os.environ | {"PATH": f"{folder}/bin:{os.environ['PATH']}"}
    return subprocess.check_output(["/bin/sh", "-euc", step], cwd=folder, env=environment, text=True)


THIS_PYTHON = "{}.{}".format(*sys.version_info)


@pytest.mark.parametrize(
    ("python", "lock", "taken"), [(THIS_PYTHON, "ours", True), (THIS_PYTHON, "of old", False), ("3.2", "ours", False)]
)
def test_wheels_are_taken_if_they_are_of_this_lock_and_this_python(tmp_path, python, lock, taken):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/requirements.lock").write_text("ours")
    mark = f"{sha256(lock.encode()).hexdigest()}  - {platform.machine()}\n"
    (tmp_path / f"wheels/.made-{python}").write_text(mark)
    assert ("--no-index" in last_step("wheels", tmp_path)) is taken


def test_the_mark_of_the_wheels_is_as_their_script_makes_it():
    script, dockerfile = ((ROOT / file).read_text() for file in ("scripts/wheels.sh", "deploy/Dockerfile"))
    assert 'echo "$(sha256sum < requirements.lock) $arch"' in script and "made=$folder/.made-$1" in script
    assert '"$(sha256sum < /wheels/requirements.lock) $(uname -m)"' in dockerfile


MADE_OF = ["static/js/map.js", "static/css/site.css", "package.json", "package-lock.json", "tsconfig.json"]


@pytest.mark.parametrize("newer", ["", *MADE_OF])
def test_a_front_end_is_taken_if_nothing_that_it_is_made_of_is_newer(tmp_path, newer):
    for name in (*MADE_OF, "static/images/lamp.svg", "var/build/.made", "var/build/page.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000, 1000))
    if newer:
        os.utime(tmp_path / newer, (2000, 2000))
    os.utime(tmp_path / "static/images/lamp.svg", (2000, 2000))  # is served as it is
    assert ("npm run --silent build" in last_step("frontend", tmp_path)) is bool(newer)
    assert (tmp_path / "var/build").exists() is not bool(newer)


def test_a_front_end_that_is_not_there_is_made(tmp_path):
    assert "npm ci" in last_step("frontend", tmp_path)
