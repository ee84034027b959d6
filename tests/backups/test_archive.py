"""What an archive may hold; everything else is refused before anything is done with it."""

import io
import stat
import tarfile
import zlib

import pytest

from backups import archive, manifest, tar
from backups.archive import Archive
from backups.errors import BackupError
from tests.backups.archives import Entry, parts_of, tar_of, told

PARTS = {archive.SECRET_KEY: b"secret", archive.REGISTRY: b"layers"}
TOP = ("docker", "stock.json")


def read(content: bytes) -> Archive:
    return Archive(io.BytesIO(content), lambda size: None)


def whole(parts: dict[str, bytes], said: bytes = b"") -> bytes:
    said = said or told(parts).as_json()
    return tar_of(*(Entry(name, content) for name, content in (parts | {manifest.NAME: said}).items()))


def test_what_was_written_is_read(tmp_path):
    (tmp_path / "database").write_bytes(b"row " * 5000)
    with (tmp_path / "made.tar").open("w+b") as file:
        writer = archive.Writer(file, lambda size: None)
        writer.add(archive.SECRET_KEY, [b"sec", b"ret"])
        writer.add_packed(archive.SQLITE, tmp_path / "database")
        writer.finish(["courses.0001_initial"])
        file.seek(0)
        found = Archive(file, lambda size: None)
        assert found.open(archive.SECRET_KEY).read() == b"secret"
        found.extract(archive.SQLITE, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == b"row " * 5000
    assert found.manifest.migrations == ["courses.0001_initial"]
    assert list(parts_of(tmp_path / "made.tar")) == [archive.SECRET_KEY, archive.SQLITE, manifest.NAME]


def test_a_long_name_is_written_and_read(tmp_path):
    name = "wheels/" + "long-" * 40
    with (tmp_path / "made.tar").open("w+b") as file:
        writer = tar.Writer(file, lambda size: None)
        writer.add(name, [b"of ", b"this"], 0o644)
        writer.add("another", [b"of that"], 0o644)
        writer.finish()
        file.seek(0)
        found = {info.name: content.read() for info, content in tar.walk(file)}
    assert found == parts_of(tmp_path / "made.tar") == {name: b"of this", "another": b"of that"}


def test_one_that_was_cut_off_is_refused_wherever_it_was():
    content = whole(PARTS).rstrip(b"\0")
    for end in range(0, len(content), 100):
        with pytest.raises(BackupError):
            read(content[:end])


def test_a_part_that_has_changed_is_refused():
    content = whole(PARTS)
    assert read(content)
    with pytest.raises(BackupError, match="damaged"):
        read(content.replace(b"layers", b"player"))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"{", "cannot be read"),
        (b"[]", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b'{"product": "other", "format": 1}', "something else"),
        (b'{"product": "sarafa-bazaar", "format": 2}', "use a newer version"),
        (b'{"product": "sarafa-bazaar", "format": 1, "parts": 5}', "cannot be read"),
        (told(PARTS).as_json().replace(b'"unpacked": 6', b'"unpacked": -6'), "cannot be read"),
        (told(PARTS).as_json().replace(b'"size": 6', b'"size": "6"'), "cannot be read"),
        (told(PARTS).as_json().replace(b'"size": 6', b'"size": 7'), "damaged"),
        (told({archive.SECRET_KEY: b"secret"}).as_json(), "does not hold what its manifest tells of"),
        (told(PARTS | {archive.SQLITE: b"rows"}).as_json(), "does not hold what its manifest tells of"),
    ],
)
def test_a_manifest_that_is_not_true_is_refused(said, why):
    with pytest.raises(BackupError, match=why):
        read(whole(PARTS, said))


def test_a_part_that_nobody_knows_or_twice_the_same_is_refused():
    for entries in ([Entry("more", b"x")], [Entry(archive.SECRET_KEY, b"x"), Entry(archive.SECRET_KEY, b"y")]):
        with pytest.raises(BackupError, match="does not belong"):
            read(tar_of(*entries))


def test_what_unpacks_to_more_than_was_said_is_refused(tmp_path):
    bomb = zlib.compress(bytes(50 << 20), wbits=31)
    found = read(whole({archive.SQLITE: bomb}, told({archive.SQLITE: bomb}, {archive.SQLITE: 1 << 20}).as_json()))
    with pytest.raises(BackupError, match="more than its manifest says"):
        found.extract(archive.SQLITE, tmp_path / "out")
    assert (tmp_path / "out").stat().st_size <= 2 << 20


HOSTILE = {
    "up": Entry("docker/../../etc/passwd", b"x"),
    "absolute": Entry("/etc/passwd", b"x"),
    "beside": Entry("dockers/x", b"x"),
    "symbolic": Entry("docker/x", kind=tarfile.SYMTYPE, target="/etc"),
    "hard": Entry("docker/x", kind=tarfile.LNKTYPE, target="/etc/passwd"),
    "device": Entry("docker/sda", kind=tarfile.BLKTYPE),
    "tty": Entry("docker/tty", kind=tarfile.CHRTYPE),
    "pipe": Entry("docker/pipe", kind=tarfile.FIFOTYPE),
    "sparse": Entry("docker/x", kind=tarfile.GNUTYPE_SPARSE),
    "long": Entry("././@LongLink", b"d" * 5000, kind=tarfile.GNUTYPE_LONGNAME),
    "extended": Entry("docker/x", b"11 path=/a\n", kind=tarfile.XHDTYPE),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_registry_that_reaches_out_of_itself_is_refused(name):
    content = tar_of(Entry("docker/good", b"x"), HOSTILE[name])
    with pytest.raises(BackupError):
        list(tar.made_anew(io.BytesIO(content), TOP, 5000))


def test_a_size_that_cannot_be_is_refused():
    block = bytearray(tarfile.TarInfo("docker/x").tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 12  # less than nothing, in base 256
    block[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(block))[0]
    with pytest.raises(BackupError, match="impossible size"):
        list(tar.walk(io.BytesIO(bytes(block))))


def test_a_registry_comes_with_headers_of_our_own():
    name = "docker/" + "long/" * 60 + "link"
    content = tar_of(Entry("docker", kind=tarfile.DIRTYPE), Entry(name, b"layer"), Entry("stock.json", b"{}"))
    made = b"".join(tar.made_anew(io.BytesIO(content), TOP, 5000))
    with tarfile.open(fileobj=io.BytesIO(made)) as found:
        files = [entry.name for entry in found if entry.isfile()]
        folders = {entry.name for entry in found if entry.isdir()}
        assert files == [name, "stock.json"]
        assert folders == {name.rsplit("/", above)[0] for above in range(1, 62)}
        assert {(entry.uid, stat.S_IMODE(entry.mode)) for entry in found} == {(5000, 0o755), (5000, 0o644)}
        assert found.extractfile(name).read() == b"layer"
