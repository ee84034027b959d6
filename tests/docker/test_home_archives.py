"""The files of a learner's home are brought out of one sandbox and into the next."""

import contextlib
import gzip
import io
import tarfile

import pytest

from sandbox import containers
from sandbox.engine import EngineError
from tests.parts import until

# Each: whoever pulls is looked up by the platform.
pytestmark = pytest.mark.django_db(transaction=True)

POHA = "warehouse:5000/sarafa/poha"


def save(place) -> tuple[bytes, int]:
    return containers.save_home(place.container, place.spec.owner_uid)


def restore(place, archive: bytes) -> None:
    containers.restore_home(place.container, place.spec.owner_uid, archive)


# --- the home ---

ODD = r"""
mkdir -p 'deep/er/and deeper' secret closed
echo one > 'deep/er/and deeper/file'
echo two > "$(printf 'new\nline')"
echo three > "a \"quoted\" 'name' \$(touch oops) \`id\` \\n *"
echo four > -rf; echo five > --checkpoint-action=exec=id
echo six > .hidden; : > empty
printf 'seven' > $'not \xff utf-8'
echo eight > मिठाई
echo run > tool; chmod 4751 tool
echo nine > secret/key; chmod 600 secret/key; chmod 700 secret
echo ten > closed/file; chmod 555 closed
ln -s /etc/passwd out; ln -s deep/er in; ln -s nowhere dangling
ln tool twin
mkfifo fifo
truncate -s 300G sparse
head -c 30M /dev/urandom > huge
touch -d 2020-02-02T02:02:02 .hidden
"""
ROOTS = """
cd /home/learner
mkdir roots; echo mine > roots/file; chmod 600 roots/file; chown -R 33:44 roots
python3 -c 1 2>/dev/null; perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("socket"))'
mkdir proc block; mount -t proc proc proc; mount -t tmpfs none block; echo no > block/file
: > kmsg; mount --bind /proc/kmsg kmsg
"""
SAVED = r"cd /home/learner; find . -mindepth 1 -xdev ! -name kmsg \( -type d -o -type l -o -type f -size -1M \)"
LISTING = rf"{SAVED} -printf '%y %m %U %G %l %P\n'"
CONTENTS = f"{SAVED} -type f -print0 | sort -z | xargs -0 sha256sum"


@pytest.fixture(scope="module")
def odd(alices):
    """A home with everything a home may have, and its archive."""
    code, output = alices.learner(ODD)
    assert code == 0, output
    code, output = alices.root(ROOTS)
    assert code == 0, output
    return save(alices)


def test_a_home_comes_back_as_it_was(alices, odd, fresh):
    archive, left_out = odd
    assert left_out == 2  # what is huge, and what pretends to be
    assert len(archive) < 10_000
    restore(fresh, archive)
    for question in (LISTING, CONTENTS):
        before, after = (set(place.root(question)[1].splitlines()) for place in (alices, fresh))
        assert after == before
    assert fresh.learner("stat -c %y .hidden")[1].startswith("2020-02-02 02:02:02")
    assert fresh.learner("echo more >> tool; cat roots/file")[0] == 1  # which is still not the learner's
    assert fresh.learner("cat 'deep/er/and deeper/file' secret/key .hidden") == (0, "one\nnine\nsix\n")
    assert fresh.works()


def test_a_home_of_twenty_thousand_files(alices, fresh):
    alices.learner("rm -rf ~/*; mkdir many; cd many; for i in $(seq 20000); do echo $i > f$i; done")
    archive, left_out = save(alices)
    restore(fresh, archive)
    assert left_out < 1000  # each takes a header, too
    assert fresh.learner("ls many | wc -l") == (0, f"{20_000 - left_out}\n")
    assert fresh.learner("cat many/f17; echo new > many/new")[0] == 0  # it is still the learner's
    alices.learner("rm -rf many")


def test_a_home_is_saved_while_its_files_change(alices, fresh):
    alices.learner(
        "head -c 4M /dev/urandom > big; echo kept > still;"
        "for file in a b c; do (while :; do echo x >> big; date > $file; mv $file go; rm go; done) &> /dev/null & done"
    )
    for _ in range(2):
        archive, left_out = save(alices)
        assert left_out == 0
    alices.learner("pkill -9 bash")
    restore(fresh, archive)
    assert fresh.learner("cat still; stat -c %s big | cut -c 1-2")[1].startswith("kept\n4")


FULL = """for (;;) { my $id = fork; exec "sleep", 1000 if defined $id && !$id; sleep 1 unless defined $id }"""


def test_a_home_is_saved_while_the_terminals_are_full(fresh):
    fresh.learner(f"echo kept > work; setsid perl -e '{FULL}' &> /dev/null &")
    until(lambda: fresh.learner("true")[0], 10, "a terminal that does not come")
    archive, _ = save(fresh)
    assert b"work" in gzip.decompress(archive)


HOSTILE = r"""
mkdir bin; for name in tar find sort perl gzip; do printf '#!/bin/sh\nyes' > bin/$name; done; chmod 755 bin/*
echo 'export PATH=~/bin:$PATH TAR_OPTIONS=--help; alias tar=yes; tar() { yes; }; cd /' | tee .bashrc .profile > .env
"""


def test_a_learners_own_tar_is_asked_nothing(fresh):
    fresh.learner(HOSTILE)
    archive, left_out = save(fresh)
    assert left_out == 0
    assert b"alias tar=yes" in gzip.decompress(archive)


def test_a_root_who_puts_another_tar_in_place_has_no_home_and_holds_up_nobody(fresh, monkeypatch):
    """Its learner can become root of the sandbox, and there do as they like."""
    monkeypatch.setattr(containers, "HOME_SECONDS", 2)
    fresh.root("printf '#!/bin/sh\nyes' > /data/tar; chmod 755 /data/tar; mount --bind /data/tar /usr/bin/tar")
    with pytest.raises(EngineError, match="could not be saved"):
        save(fresh)


@pytest.mark.parametrize(
    "archive", [b"", b"junk" * 1000, gzip.compress(b"junk" * 999)], ids=["empty", "junk", "packed"]
)
def test_what_is_no_archive_leaves_a_sandbox_that_works(alices, archive):
    with pytest.raises(EngineError, match="could not be brought back"):
        restore(alices, archive)
    assert alices.works()


def test_an_archive_reaches_nothing_but_the_home(alices):
    """A learner may have made it up. It is unpacked in the learner's own sandbox, and there in the home alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in ("../climbed", "/home/absolute", "link/through", "/data/docker/engine-id"):
            entry = tarfile.TarInfo(name)
            entry.size = 4
            if name.startswith("link"):
                link = tarfile.TarInfo("link")
                link.type, link.linkname = tarfile.SYMTYPE, "/data"
                tar.addfile(link)
            tar.addfile(entry, io.BytesIO(b"evil"))
    with contextlib.suppress(EngineError):
        restore(alices, buffer.getvalue())
    found = alices.root("grep -rlx evil /data --exclude-dir=home; ls /home")[1]
    assert found == "learner\n"
    assert alices.works()
