"""What `install` refuses, in one sentence, before it touches anything. tests/browser/test_box.py has it install."""

import fcntl
import subprocess

import pytest

from backups.progress import Progress, quiet
from bundles import debs, making, releases
from bundles.manifest import Manifest
from sandbox import shipment


@pytest.fixture
def unpack(tmp_path, monkeypatch):
    """Make a small bundle, of which such things are true, and unpack it; return its folder."""
    monkeypatch.setattr(shipment, "save", lambda: iter([b"layers"]))
    here = {"version": "1.2.0", "architecture": debs.architecture(), "releases": [releases.this_machines()]}

    def unpack(**facts):
        about = Manifest(**{"made_at": "2026-11-29", "room": 1, **here, **facts})
        with (tmp_path / "bundle.tar").open("wb") as file:
            making.write(
                file, about, b"platform", {name: making.BOX / name for name in making.SCRIPTS}, Progress(quiet)
            )
        subprocess.run(["tar", "xf", "bundle.tar"], cwd=tmp_path, check=True)
        return tmp_path / about.folder

    return unpack


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def refusal(folder, home, *within) -> str:
    """Return the one sentence with which it ends."""
    before = sorted(home.rglob("*")) if home.exists() else None
    done = subprocess.run(
        [*within, folder / "install", "--to", home], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert (sorted(home.rglob("*")) if home.exists() else None) == before
    [line] = done.stderr.splitlines()
    return line


def test_another_system(unpack, home):
    said = refusal(unpack(releases=["hamm", "slink"]), home)
    assert "this bundle is for hamm slink, and this is " in said
    assert f"manage.py bundle --for {releases.this_machines()}" in said


def test_another_architecture(unpack, home):
    said = refusal(unpack(architecture="m68k"), home)
    assert f"this bundle is for m68k, and this machine is {debs.architecture()}" in said


def test_somebody_who_is_not_root(unpack, home):
    assert "only root can install it. Run: sudo" in refusal(unpack(), home, "unshare", "--user")


def test_too_little_room(unpack, home):
    said = refusal(unpack(room=10**9), home)
    assert "MiB free, and 1000000000 are needed. Make room" in said


@pytest.mark.parametrize("harm", ["changed", "lost"])
def test_a_damaged_part(unpack, home, harm):
    folder = unpack()
    part = folder / "images.tar.gz"
    part.unlink() if harm == "lost" else part.write_bytes(part.read_bytes() + b"x")
    assert "images.tar.gz is not what was packed. Copy it anew." in refusal(folder, home)


@pytest.mark.parametrize("text", [None, "", "# product: something-else\n", "# product: sarafa-bazaar\n# format: 2\n"])
def test_a_bundle_without_a_manifest_of_ours(unpack, home, text):
    folder = unpack()
    manifest = folder / "MANIFEST"
    manifest.unlink() if text is None else manifest.write_text(text)
    assert "not whole: unpack it again" in refusal(folder, home)


def test_a_folder_that_holds_something_else(unpack, home):
    home.mkdir()
    (home / "thesis.tex").write_text("chapter 1")
    assert "holds something else" in refusal(unpack(), home)


def test_a_newer_version_in_its_place(unpack, home):
    home.mkdir()
    (home / ".installed").write_text("1.10.0\nmanage.py\n")
    assert "1.10.0 is installed" in refusal(unpack(), home)


def test_a_platform_that_runs(unpack, home):
    (home / "var").mkdir(parents=True)
    (home / ".installed").write_text("1.2.0\n")
    with (home / "var" / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "the platform runs. Stop it first" in refusal(unpack(), home)


def test_uninstall_asks_whether_everybodys_data_may_go(home, tmp_path):
    home.mkdir()
    (home / ".installed").write_text("1.2.0\nmanage.py\n")
    (home / "uninstall").write_bytes((making.BOX / "uninstall").read_bytes())
    done = subprocess.run(["sh", home / "uninstall"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "--with-everybodys-data" in done.stderr
    assert (home / ".installed").exists()
