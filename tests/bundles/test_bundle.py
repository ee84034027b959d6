"""What is in a bundle, what is not, and when there will be none. tests/browser/test_box.py makes a whole one."""

import io
import shutil
import subprocess
import tarfile
from collections import namedtuple

import pytest
from django.core.management import CommandError, call_command

from bundles import debs, making, releases, source, wheels
from bundles.errors import BundleError
from sandbox import images, shipment


@pytest.fixture
def gathered(settings, tmp_path, monkeypatch):
    """Have everything that a bundle is made of, but small: who makes one now needs neither engine nor network."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    (tmp_path / "part").write_bytes(b"part")
    monkeypatch.setattr(images, "ensure_all", lambda say: None)
    monkeypatch.setattr(shipment, "size", lambda: 1000)
    monkeypatch.setattr(shipment, "save", lambda: iter([b"lay", b"ers"]))
    monkeypatch.setattr(wheels, "fetch", lambda pythons: [tmp_path / "part"])
    monkeypatch.setattr(debs, "fetch", lambda release: [tmp_path / "part"])
    monkeypatch.setattr(source, "packed", lambda: b"platform")
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def make(folder, **options):
    call_command("bundle", to=folder, verbosity=0, **{"for": ["bookworm", "trixie"], **options})


def test_it_is_one_file_that_says_what_it_is_for_and_can_be_checked(gathered):
    make(gathered)
    [file] = gathered.iterdir()
    assert file.name == f"sarafa-bazaar-{making.VERSION}-{debs.architecture()}.tar"
    assert file.stat().st_mode & 0o777 == 0o644
    subprocess.run(["tar", "xf", file], cwd=gathered, check=True)
    folder = gathered / file.stem
    check = ["sha256sum", "--check", "--strict", "--quiet", "MANIFEST"]
    subprocess.run(check, cwd=folder, check=True)
    said = (folder / "MANIFEST").read_text()
    assert "# releases: bookworm trixie\n" in said
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    summed = {line.split("  ")[1] for line in said.splitlines() if not line.startswith("#")}
    assert files == summed | {"MANIFEST"}
    assert (folder / "install").stat().st_mode & 0o111


def test_the_platform_in_it_is_what_git_tracks_and_what_was_built(settings, tmp_path):
    repository = tmp_path / "repository"
    settings.BASE_DIR, settings.BUILD_DIR = repository, repository / "var" / "build"
    for name in ("static/js/site.ts", "manage.py", ".env", "var/sarafa.sqlite3", "var/secret-key", "var/build/site.js"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(name)
    (repository / "manage.py").chmod(0o755)
    subprocess.run(["git", "init", "-q", repository], check=True)
    subprocess.run(["git", "-C", repository, "add", "manage.py", "static"], check=True)
    (settings.BUILD_DIR / ".made").touch()
    with tarfile.open(fileobj=io.BytesIO(source.packed())) as archive:
        found = {entry.name: entry.mode for entry in archive}
    assert found == {
        "manage.py": 0o755, "static/js/site.ts": 0o644, "var/build/.made": 0o644, "var/build/site.js": 0o644,
    }  # fmt: skip
    (repository / "static/js/site.ts").write_text("newer")
    with pytest.raises(BundleError, match="make setup"):
        source.packed()


def test_a_file_that_would_be_in_an_image_here_alone_is_named(gathered, settings, tmp_path, monkeypatch):
    settings.BASE_DIR, folder = tmp_path, tmp_path / "image"
    folder.mkdir()
    monkeypatch.setattr(images, "FILES", folder)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (folder / "tap.c.orig").touch()
    with pytest.raises(CommandError, match=r"image/tap.c.orig would be in an image"):
        make(gathered)
    assert list(gathered.iterdir()) == []


def test_where_git_knows_nothing_there_is_none(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    with pytest.raises(BundleError, match="clone of the repository"):
        source.packed()


def test_one_for_a_system_that_nobody_knows_is_refused(gathered):
    with pytest.raises(CommandError, match=r"cannot be for hamm.*bookworm \(Debian 12\)"):
        make(gathered, **{"for": ["hamm"]})


def test_without_a_name_it_is_for_this_machines_system(monkeypatch):
    monkeypatch.setattr(releases, "this_machines", lambda: "trixie")
    assert [release.title for release in releases.chosen([])] == ["Debian 13"]


def test_a_disk_that_is_missing_or_full_is_said_and_left_as_it_was(gathered, monkeypatch):
    with pytest.raises(CommandError, match="There is no folder"):
        make(gathered / "other" / "bundle.tar")
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(600))
    with pytest.raises(CommandError, match=r"600 bytes free, and a bundle may take \S+ KiB: make room"):
        make(gathered)
    assert list(gathered.iterdir()) == []


def test_one_that_is_cut_off_leaves_what_was_there(gathered, monkeypatch):
    def breaks():
        yield b"layers"
        raise BundleError("the engine went away")

    (gathered / "bundle.tar").write_bytes(b"of last week")
    monkeypatch.setattr(shipment, "save", breaks)
    with pytest.raises(CommandError, match="went away"):
        make(gathered / "bundle.tar")
    assert [file.read_bytes() for file in gathered.iterdir()] == [b"of last week"]


def test_packages_of_a_system_whose_keys_are_missing_are_not_fetched(tmp_path):
    nowhere = releases.debian("trixie", 13, "3.13").__class__("x", "Debian 13", "3.13", (), tmp_path / "keys.gpg")
    with pytest.raises(BundleError, match="known to be true"):
        debs.fetch(nowhere)


def test_a_wheel_is_for_one_python_or_for_all(tmp_path):
    names = ["a-1-py3-none-any.whl", "b-1-cp39-abi3-manylinux1_x86_64.whl", "c-1-cp311-cp311-manylinux1_x86_64.whl"]
    found = [name for name in names if wheels.fits(tmp_path / name, ["3.13"])]
    assert found == names[:2]
