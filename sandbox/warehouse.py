"""The warehouse: a registry in a container without a network, which listens on a socket in a volume.

Sandboxes mount that volume and have no other way out. The registry that serves them believes tokens, for which there is
a door beside it: see door.py. What the platform itself puts on the shelves is taken in by a second registry, over the
same storage, that exists only meanwhile.
"""

import hashlib
import io
import json
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from docker.errors import APIError, NotFound
from docker.types import LogConfig

from sandbox import engine, keys
from sandbox.container import Container, here
from sandbox.engine import EngineError, EngineUnreachable, client, errors_translated

IMAGE = "sarafa-bazaar/warehouse"
PUSH_SECONDS = 100  # without a word: a disk that is busy with other things takes long over a layer
PUSH_TRIES = 3  # a connection may stand still for good: the layers that are there are not sent again
STORAGE = "/var/lib/registry"
STOCK = "stock.json"  # in the storage: {name: id of the image it was put there from}
LISTENS = "listening on"
START_SECONDS = 15
TIDY_SECONDS = 600
BUSY = 75  # what `tidy` exits with when something is being written
RECIPE_LABEL = "sarafa.recipe"


def container_name() -> str:
    return f"sarafa-{settings.INSTALLATION}-warehouse"


def container() -> Container:
    return here(container_name())


def socket_volume() -> str:
    return f"sarafa-{settings.INSTALLATION}-warehouse-socket"


def storage_volume() -> str:
    return f"sarafa-{settings.INSTALLATION}-warehouse"


def own_labels() -> dict[str, str]:
    return {"sarafa.warehouse": "", "sarafa.installation": settings.INSTALLATION}


@errors_translated()
def ensure_running() -> None:
    """Have the warehouse open: started if it was closed, made anew if its image has changed, let be if all is well."""
    found = inspect()
    certificate = keys.own().certificate_pem
    recipe = recipe_of(certificate)
    if found and found["Config"]["Labels"].get(RECIPE_LABEL) == recipe:
        if found["State"]["Running"]:
            return
        client().start(container_name())
    else:
        stop()
        start(
            container_name(),
            ["serve"],
            labels={RECIPE_LABEL: recipe},
            environment={"CERTIFICATE": certificate},
            binds=[f"{socket_volume()}:/warehouse", f"{storage_volume()}:{STORAGE}"],
            tmpfs={"/run": "size=64k,uid=5000,gid=5000"},
            network_mode="none",
            read_only=True,
            restart_policy={"Name": "unless-stopped"},  # after a restart of the engine it opens by itself
        )
    await_open(container_name())


def recipe_of(certificate: str) -> str:
    """Return a name for all that the warehouse is made of today."""
    image = client().inspect_image(IMAGE)["Id"]
    return hashlib.sha256(f"{image} {certificate}".encode()).hexdigest()[:16]


def stop() -> None:
    """Close the warehouse. What lies on its shelves stays."""
    engine.remove_container(container())


@errors_translated()
def remove() -> None:
    """Close the warehouse, and give up what lies on its shelves. No sandbox may be left, as they use its volumes."""
    stop()
    for volume in (socket_volume(), storage_volume()):
        with suppress(NotFound):
            client().remove_volume(volume)


@errors_translated()
def status() -> str:
    """Return "ok", or in a few words what is wrong."""
    found = inspect()
    if not found:
        return "not started"
    if not found["State"]["Running"]:
        return "stopped"
    return "ok" if found["ExecIDs"] else "nobody answers at its door"


def await_door() -> None:
    """Return once somebody answers at the door. Raise EngineError if nobody does."""
    until = time.monotonic() + START_SECONDS
    while run(["perl", "-MIO::Socket::UNIX", "-e", "exit !IO::Socket::UNIX->new('/warehouse/door.sock')"])[0]:
        if time.monotonic() > until:
            raise EngineError("Nobody answers at the warehouse's door.")
        time.sleep(0.05)


@errors_translated()
def run(argv: Sequence[str], timeout: float = engine.CALL_SECONDS, name: str = "") -> tuple[int, str]:
    """Run a command in the warehouse, or another container of its kind; return its exit code and what it printed."""
    calls = engine.connect(timeout=int(timeout))
    command = calls.exec_create(name or container_name(), list(argv))["Id"]
    printed = calls.exec_start(command).decode(errors="replace")
    return int(calls.exec_inspect(command)["ExitCode"] or 0), printed


def spaces() -> list[str]:
    """Return the first names of the repositories on the shelves."""
    code, printed = run(["sh", "-c", f"cd {STORAGE}/docker/registry/v2/repositories 2> /dev/null && ls || true"])
    return printed.split() if code == 0 else []


def give_up(space: str) -> None:
    """Take everything in a space off the shelves."""
    run(["rm", "-rf", "--", f"{STORAGE}/docker/registry/v2/repositories/{space}"])


def tidy(quiet_minutes: int, given_up: Sequence[str] = ()) -> bool:
    """Give up spaces, and clear away what nothing with a tag needs. Return False if the latter has to wait.

    It waits until nothing was written for these minutes: what is being pushed has no tag yet.
    """
    code, printed = run(["tidy", str(quiet_minutes), *given_up], TIDY_SECONDS)
    if code not in (0, BUSY):
        raise EngineError(f"The warehouse could not be tidied: {printed.strip()[-300:]}")
    return code == 0


def log(since: int = 0) -> list[tuple[int, str]]:
    """Return the lines of the registry's log after `since`, as (nanoseconds since the epoch, JSON)."""
    return engine.log_since(container(), since)


@errors_translated()
def seed(stock: Mapping[str, str]) -> list[str]:
    """Put images on the shelves: {name: image on the engine}. Return the names that were new.

    A name with a slash is taken as it is, another is put below sarafa/. Both may end with a tag.

    The warehouse must be open.
    """
    wanted = {name: client().inspect_image(image)["Id"] for name, image in stock.items()}
    present = in_stock()
    missing = [name for name in wanted if present.get(name) != wanted[name]]
    if missing:
        with loading_bay() as address:
            for name in missing:
                push(wanted[name], f"{address}/{repository_of(name)}")
            write_down(present | wanted)
    return missing


def repository_of(name: str) -> str:
    return name if "/" in name else f"sarafa/{name}"


def in_stock() -> dict[str, str]:
    """Return {name: image id} of what has been put on the shelves."""
    try:
        chunks, _ = client().get_archive(container_name(), f"{STORAGE}/{STOCK}")
    except NotFound:
        return {}
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        file = archive.extractfile(STOCK)
        return dict(json.load(file)) if file else {}


def write_down(stock: Mapping[str, str]) -> None:
    content = json.dumps(stock).encode()
    entry = tarfile.TarInfo(STOCK)
    entry.size, entry.uid, entry.gid = len(content), 5000, 5000
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(content))
    client().put_archive(loading_name(), STORAGE, buffer.getvalue())


@contextmanager
def loading_bay() -> Iterator[str]:
    """Run a registry that takes images in, reached from the engine's host alone; yield its address there."""
    engine.remove_container(here(loading_name()))
    try:
        binds = [f"{storage_volume()}:{STORAGE}"]
        ports = {5000: ("127.0.0.1", None)}
        start(
            loading_name(),
            ["stock"],
            binds=binds,
            port_bindings=ports,
        )
        await_open(loading_name())
        port = client().port(loading_name(), 5000)[0]["HostPort"]
        yield f"127.0.0.1:{port}"
    finally:
        engine.remove_container(here(loading_name()))


def loading_name() -> str:
    return f"{container_name()}-loading"


def push(image: str, target: str) -> None:
    client().tag(image, target)
    try:
        for tries_left in reversed(range(PUSH_TRIES)):
            try:
                return push_once(target)
            except EngineUnreachable:
                if not tries_left:
                    raise
    finally:
        client().remove_image(target, noprune=True)


@errors_translated()
def push_once(target: str) -> None:
    """Raise EngineUnreachable if nothing is heard of it for PUSH_SECONDS."""
    for event in engine.connect(timeout=PUSH_SECONDS).push(target, stream=True, decode=True):
        if "error" in event:
            raise EngineError(f"The warehouse did not take {target}: {event['error']}")


def start(
    name: str,
    command: list[str],
    labels: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> None:
    config = client().create_host_config(
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit="256m",
        pids_limit=256,
        log_config=LogConfig(type="json-file", config={"max-size": "8m", "max-file": "3"}),
        **options,
    )
    made = client().create_container(
        IMAGE,
        command,
        name=name,
        labels=own_labels() | dict(labels or {}),
        environment=dict(environment or {}),
        ports=list(options.get("port_bindings", {})),
        host_config=config,
    )
    client().start(made["Id"])


def await_open(name: str) -> None:
    printed = engine.await_line(here(name), LISTENS, START_SECONDS)
    if printed:
        raise EngineError(f"The warehouse did not open. It printed last: {printed}")


def inspect() -> dict[str, Any] | None:
    try:
        return dict(client().inspect_container(container_name()))
    except (NotFound, APIError) as error:
        if getattr(error, "status_code", None) == 404:
            return None
        raise
