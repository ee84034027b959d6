"""The warehouse: a registry in a container without a network, which listens on a socket in a volume.

Sandboxes mount that volume and have no other way out. The registry that serves them takes nothing in; what lies on its
shelves is put there by a second one, over the same storage, that exists only meanwhile.
"""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from docker.errors import APIError, NotFound

from sandbox import engine
from sandbox.engine import EngineError, client, errors_translated

IMAGE = "sarafa-bazaar/warehouse"
STORAGE = "/var/lib/registry"
STOCK = "stock.json"  # in the storage: {name: id of the image it was put there from}
LISTENS = "listening on"
START_SECONDS = 15


def container_name() -> str:
    return f"sarafa-{settings.INSTALLATION}-warehouse"


def socket_volume() -> str:
    return f"sarafa-{settings.INSTALLATION}-warehouse-socket"


def storage_volume() -> str:
    return f"sarafa-{settings.INSTALLATION}-warehouse"


def labels() -> dict[str, str]:
    return {"sarafa.warehouse": "", "sarafa.installation": settings.INSTALLATION}


@errors_translated()
def ensure_running() -> None:
    """Have the warehouse open: started if it was closed, made anew if its image has changed, let be if all is well."""
    found = inspect()
    if found and found["Image"] == client().inspect_image(IMAGE)["Id"]:
        if found["State"]["Running"]:
            return
        client().start(container_name())
    else:
        stop()
        # After a restart of the engine it opens by itself, like the sandboxes' host does.
        options = {"network_mode": "none", "read_only": True, "restart_policy": {"Name": "unless-stopped"}}
        binds = [f"{socket_volume()}:/warehouse", f"{storage_volume()}:{STORAGE}:ro"]
        start(container_name(), ["serve"], binds=binds, **options)
    await_open(container_name())


def stop() -> None:
    """Close the warehouse. What lies on its shelves stays."""
    engine.remove_container(container_name())


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
    return "ok" if found["State"]["Running"] else "stopped"


def log(since: int = 0) -> list[tuple[int, str]]:
    """Return the lines of the registry's log after `since`, as (nanoseconds since the epoch, JSON)."""
    return engine.log_since(container_name(), since)


@errors_translated()
def seed(stock: Mapping[str, str]) -> list[str]:
    """Put images on the shelves: {name: image on the engine}, each as sarafa/<name>. Return the names that were new.

    The warehouse must be open.
    """
    wanted = {name: client().inspect_image(image)["Id"] for name, image in stock.items()}
    present = in_stock()
    missing = [name for name in wanted if present.get(name) != wanted[name]]
    if missing:
        with loading_bay() as address:
            for name in missing:
                push(wanted[name], f"{address}/sarafa/{name}")
            write_down(present | wanted)
    return missing


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
    engine.remove_container(loading_name())
    try:
        binds = [f"{storage_volume()}:{STORAGE}"]
        ports = {5000: ("127.0.0.1", None)}
        start(
            loading_name(),
            ["docker-registry", "serve", "/etc/warehouse/stock.yml"],
            binds=binds,
            port_bindings=ports,
        )
        await_open(loading_name())
        port = client().port(loading_name(), 5000)[0]["HostPort"]
        yield f"127.0.0.1:{port}"
    finally:
        engine.remove_container(loading_name())


def loading_name() -> str:
    return f"{container_name()}-loading"


def push(image: str, target: str) -> None:
    client().tag(image, target)
    try:
        for event in client().push(target, stream=True, decode=True):
            if "error" in event:
                raise EngineError(f"The warehouse did not take {target}: {event['error']}")
    finally:
        client().remove_image(target, noprune=True)


def start(name: str, command: list[str], **options: Any) -> None:
    config = client().create_host_config(
        cap_drop=["ALL"], security_opt=["no-new-privileges"], mem_limit="256m", pids_limit=256, **options
    )
    made = client().create_container(
        IMAGE,
        command,
        name=name,
        labels=labels(),
        ports=list(options.get("port_bindings", {})),
        host_config=config,
    )
    client().start(made["Id"])


def await_open(name: str) -> None:
    printed = engine.await_line(name, LISTENS, START_SECONDS)
    if printed:
        raise EngineError(f"The warehouse did not open. It printed last: {printed}")


def inspect() -> dict[str, Any] | None:
    try:
        return dict(client().inspect_container(container_name()))
    except (NotFound, APIError) as error:
        if getattr(error, "status_code", None) == 404:
            return None
        raise
