"""All that lies on the warehouse's shelves at once: copied out while learners push, and put back as a whole.

It works on the volume, whether the warehouse is open or not, from a container beside it that does nothing by itself.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sandbox import engine, warehouse
from sandbox.container import here
from sandbox.engine import EngineError, errors_translated
from sandbox.warehouse import STOCK, STORAGE

OWNER = 5000  # uid and gid of the registry
TOP = ("docker", STOCK)  # all there is
QUIET_SECONDS = 700  # a tidying that is under way is waited for
MOVE_SECONDS = 300

# What names a layer is read before the layers: a push that ends meanwhile leaves a layer too much, not one too few.
# Nobody tidies meanwhile. Pushes that are not done are left out.
READ = f"""
cd {STORAGE}
exec 9>> tidy.lock
flock --shared --timeout 600 9 || exit 75
for what in docker/registry/v2/repositories docker/registry/v2/blobs {STOCK}; do [ ! -e $what ] || echo $what; done |
    tar --create --format=gnu --hard-dereference --exclude=_uploads --warning=no-file-changed --files-from=-
"""
PREPARE = f"set -e; cd {STORAGE}; rm -rf restored; mkdir -p restored/docker; echo '{{}}' > restored/{STOCK}"
# Cut off and called again, it goes on.
SWITCH = f"""
set -e
cd {STORAGE}
for what in {" ".join(TOP)}; do
    [ ! -e restored/$what ] || {{ rm -rf $what; mv restored/$what $what; }}
done
rm -rf restored
"""


def read() -> Iterator[bytes]:
    """Yield a tar archive of everything on the shelves. Raise EngineError."""
    with errors_translated(), beside() as container:
        calls = engine.connect(timeout=QUIET_SECONDS)
        command = calls.exec_create(container, ["sh", "-c", READ])["Id"]
        said = b""
        stream: Any = calls.exec_start(command, stream=True, demux=True)
        for out, err in stream:
            said = (said + (err or b""))[-300:]
            if out:
                yield out
        if calls.exec_inspect(command)["ExitCode"] not in (0, 1):  # 1: something changed meanwhile
            raise EngineError(f"The warehouse could not be read: {said.decode(errors='replace').strip()}")


@errors_translated()
def spaces() -> list[str]:
    """Return the first names of the repositories on the shelves, whether the warehouse is open or not."""
    with beside() as container:
        _, printed = warehouse.run(
            ["sh", "-c", f"ls {STORAGE}/docker/registry/v2/repositories 2> /dev/null"], name=container
        )
    return printed.split()


@errors_translated()
def bring(chunks: Iterable[bytes]) -> None:
    """Bring what `read` yielded to the shelves' back room. Raise EngineError, with what is on the shelves as it was."""
    with beside() as container:
        run(container, PREPARE)
        try:
            engine.connect(timeout=QUIET_SECONDS).put_archive(container, f"{STORAGE}/restored", chunks)
        except BaseException:
            run(container, f"rm -rf {STORAGE}/restored")
            raise


@errors_translated()
def switch() -> None:
    """Put what was brought on the shelves, in place of all that is there. May be called again. Closes the warehouse."""
    warehouse.stop()
    with beside() as container:
        run(container, SWITCH)


def run(container: str, script: str) -> None:
    code, printed = warehouse.run(["sh", "-c", script], MOVE_SECONDS, container)
    if code:
        raise EngineError(f"The warehouse's shelves could not be changed: {printed.strip()[-300:]}")


@contextmanager
def beside() -> Iterator[str]:
    name = f"{warehouse.container_name()}-beside"
    engine.remove_container(here(name))
    try:
        binds = [f"{warehouse.storage_volume()}:{STORAGE}"]
        warehouse.start(name, ["sleep", "infinity"], binds=binds, network_mode="none", read_only=True)
        yield name
    finally:
        engine.remove_container(here(name))
