"""The life of a sandbox's container: made, ready, asked, removed.

Every function may be called again after a crash. Nothing but the container's own init ever runs as its root: `run` is
the one way in, it takes the uid of the owner, and refuses any other.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from docker.errors import APIError
from docker.types import LogConfig, Ulimit
from docker.utils import parse_bytes

from sandbox import apparmor, engine, programs, warehouse
from sandbox.container import Address, Container, local
from sandbox.engine import EngineError, client, errors_translated
from sandbox.image import seccomp

LABEL = "sarafa.sandbox"
INSTALLATION_LABEL = "sarafa.installation"
RECIPE_LABEL = "sarafa.recipe"
READY = '{"tap": "open"}'  # what sandbox/image/tap.c prints when the daemon serves

# Uid 0 of a sandbox is ROOT_UID outside, its other ids follow. Owners come after them, so no id inside is an owner's.
ROOT_UID = 100_000
FIRST_OWNER_UID = ROOT_UID + 65_536
DOCKER_GID = ROOT_UID + 999

Made = dict[str, dict[str, Any]]  # {code: what the engine tells of its container}

OUTPUT_LIMIT = 8 << 20
THAW_SECONDS = 5
HOME_SECONDS = 15  # to save or restore a home of any size that is kept


class NotReady(EngineError):
    """The sandbox's daemon did not start. The message ends with what it printed last."""


@dataclass(frozen=True)
class Spec:
    """What tells one sandbox from another.

    No two live sandboxes share an owner_uid, and it is at least FIRST_OWNER_UID. The address is a secret IPv6 address,
    by which the warehouse's log knows whose request it was.
    """

    code: str
    owner_uid: int
    address: str
    label: str = LABEL  # another keeps it out of what `living` and `ended` tell, and so from being reconciled


def name_of(code: str) -> str:
    return f"sarafa-{settings.INSTALLATION}-{code}"


def at(host: Address, code: str) -> Container:
    """Return the container that the sandbox of this code has on a host, whether there is one or not."""
    return Container(host, name_of(code))


@errors_translated()
def create(spec: Spec, host: Address | None = None) -> Container:
    """Create and start the container of a sandbox on a host, the local one if none is named, and return it.

    One left over from an attempt that was cut short is removed first.
    """
    place = at(host or local(), spec.code)
    try:
        container = create_stopped(spec, place)
    except APIError as error:
        if error.status_code != 409:
            raise
        remove(place)
        container = create_stopped(spec, place)
    try:
        client(container.host).start(container.id)
    except Exception:
        remove(container)
        raise
    return container


def create_stopped(spec: Spec, place: Container) -> Container:
    memory = int(parse_bytes(settings.SANDBOX_MEMORY))
    config = host_config(place.host, memory)
    made = client(place.host).create_container(
        settings.SANDBOX_IMAGE,
        name=place.id,
        hostname="sarafa",
        labels={
            spec.label: spec.code,
            INSTALLATION_LABEL: settings.INSTALLATION,
            RECIPE_LABEL: recipe_of(place.host, config),
        },
        environment={
            "SANDBOX_OWNER": str(checked(spec.owner_uid)),
            "SANDBOX_ADDRESS": spec.address,
            "SANDBOX_LAYER": str(parse_bytes(settings.WAREHOUSE_SPACE)),
            # The daemon has what is left, and no bound but the sandbox's.
            "SANDBOX_DOCKER_MEMORY": str(memory * 6 // 10),
            "SANDBOX_DOCKER_PIDS": str(settings.SANDBOX_PIDS * 6 // 10),
            "SANDBOX_TERMINALS_MEMORY": str(memory // 2),
            "SANDBOX_TERMINALS_PIDS": str(settings.SANDBOX_PIDS // 4),
        },
        host_config=config,
    )
    return Container(place.host, str(made["Id"]))


def recipe_of(host: Address, config: dict[str, Any]) -> str:
    """Return a name for all that the sandboxes of a host are made of today: the image and the options."""
    image = client(host).inspect_image(settings.SANDBOX_IMAGE)["Id"]
    return hashlib.sha256(json.dumps([image, config], sort_keys=True).encode()).hexdigest()[:16]


def host_config(host: Address, memory: int) -> dict[str, Any]:
    """Return what binds a sandbox: no network, no device, three capabilities, and limits on everything."""
    config: dict[str, Any] = client(host).create_host_config(
        read_only=True,
        network_mode="none",
        cap_drop=["ALL"],
        cap_add=["SETUID", "SETGID", "CHOWN"],
        security_opt=["no-new-privileges", f"apparmor={apparmor.chosen(host)}", f"seccomp={seccomp.profile()}"],
        runtime=settings.SANDBOX_RUNTIME or None,
        mem_limit=memory,
        memswap_limit=memory,
        nano_cpus=int(settings.SANDBOX_CPUS * 1e9),
        cpu_shares=256,
        pids_limit=settings.SANDBOX_PIDS,
        oom_score_adj=500,
        ulimits=[Ulimit(name="nofile", soft=4096, hard=4096), Ulimit(name="core", soft=0, hard=0)],
        # The only room there is: images, containers and the home. It is memory, so it counts as such.
        tmpfs={
            "/data": f"size={settings.SANDBOX_DISK},nr_inodes=60000,exec,mode=0711,uid={ROOT_UID},gid={ROOT_UID}",
            "/run/sandbox": "size=64k,mode=0755",
        },
        binds=[f"{warehouse.socket_volume()}:/warehouse:ro"],
        # Names of the world are not looked up, and the answer to that comes at once.
        dns=["127.0.0.1"],
        extra_hosts={"warehouse": "127.0.0.1"},
        log_config=LogConfig(type="json-file", config={"max-size": "4m", "max-file": "2"}),
        restart_policy={"Name": "no"},
    )
    # A fresh /proc cannot be mounted inside where parts of this one are masked. That is why nothing may run as root of
    # the container. docker-py has no keyword for it.
    config.update(MaskedPaths=[], ReadonlyPaths=[])
    return config


def wait_ready(container: Container, timeout: float = 20) -> None:
    """Return when the sandbox's daemon listens. Raise NotReady if its container ends first, or after the timeout."""
    printed = engine.await_line(container, READY, timeout)
    if printed:
        raise NotReady(f"The sandbox's daemon did not start within {timeout:g} s. It printed last: {printed}")


def remove(container: Container) -> None:
    """Remove a sandbox's container, running or not, with everything in it. Returns as well if there is none."""
    with suppress(EngineError):  # what cannot be entered is removed all the same
        thaw(container)
    engine.remove_container(container)


@errors_translated()
def thaw(container: Container) -> None:
    """Let go on what is frozen inside a running sandbox, where the kernel could not kill it (cgroups, version 1)."""
    if engine.cgroup_version(container.host) != "1":
        return
    about = client(container.host).inspect_container(container.id)
    owner = re.search(r"SANDBOX_OWNER=(\d+)", " ".join(about["Config"]["Env"] or []))
    if not owner or not about["State"]["Running"]:
        return
    if about["State"]["Paused"]:
        engine.unpause(container)
    run(container, int(owner[1]), ["/sbx/thaw"], THAW_SECONDS)


@errors_translated()
def made(label: str = LABEL, host: Address | None = None) -> Made:
    """Return what an engine tells of this installation's sandboxes. Those below sort it, or ask the local one."""
    labels = [label, f"{INSTALLATION_LABEL}={settings.INSTALLATION}"]
    found = client(host).containers(all=True, filters={"label": labels})
    return {item["Labels"][label]: item for item in found}


def living(found: Made | None = None) -> dict[str, str]:
    """Return {code: container id} of those that run, paused or not."""
    return ids_of(found, "running", "paused")


def ended(found: Made | None = None) -> dict[str, str]:
    """Return {code: container id} of those that have a container, but not a running one."""
    return ids_of(found, "created", "exited", "dead")


def paused(found: Made) -> set[str]:
    """Return the codes of those whose processes are frozen."""
    return set(ids_of(found, "paused"))


def ids_of(found: Made | None, *states: str) -> dict[str, str]:
    items = made() if found is None else found
    return {code: item["Id"] for code, item in items.items() if item["State"] in states}


@errors_translated()
def outdated(found: Made, host: Address | None = None) -> set[str]:
    """Return the codes of those that would be made otherwise on that host today."""
    place = host or local()
    recipe = recipe_of(place, host_config(place, int(parse_bytes(settings.SANDBOX_MEMORY))))
    return {code for code, item in found.items() if item["Labels"].get(RECIPE_LABEL) != recipe}


def checked(owner_uid: int) -> int:
    """Return the uid if it can be an owner's. Root of the container is none, nor is anyone inside a sandbox."""
    if owner_uid < FIRST_OWNER_UID:
        raise ValueError(f"{owner_uid} cannot own a sandbox")
    return owner_uid


@errors_translated()
def run(
    container: Container,
    owner_uid: int,
    argv: Sequence[str],
    timeout: float,
    gid: int | None = None,
    limit: int = OUTPUT_LIMIT,
    environment: dict[str, str] | None = None,
) -> tuple[int, bytes, bytes]:
    """Run a command in the container as its owner; return its exit code and what it wrote to stdout and stderr.

    The code is 124 if it took longer than the timeout, as `timeout` says it, and output after `limit` bytes is dropped.
    """
    user = f"{checked(owner_uid)}:{gid or owner_uid}"
    limited = ["timeout", "--kill-after=1", f"{timeout:g}", *argv]
    calls = client(container.host)
    exec_id = calls.exec_create(container.id, limited, user=user, environment=environment)["Id"]
    out, err = bytearray(), bytearray()
    stream = calls.exec_start(exec_id, stream=True, demux=True)
    with engine.cut_off(stream, timeout + 5) as late:
        for stdout, stderr in stream:
            out += (stdout or b"")[: limit - len(out)]
            err += (stderr or b"")[: limit - len(err)]
    if late.is_set():
        return 124, bytes(out), bytes(err)
    code = calls.exec_inspect(exec_id)["ExitCode"]
    return (1 if code is None else int(code)), bytes(out), bytes(err)


def run_as_learner(
    container: Container,
    owner_uid: int,
    argv: Sequence[str],
    timeout: float = 60,
    environment: dict[str, str] | None = None,
) -> tuple[int, str]:
    """Run a command as the learner would in a terminal; return its exit code and its output, both streams together.

    Of the environment, what an account at the warehouse says of itself gets in.
    """
    code, out, err = run(container, owner_uid, ["/sbx/enter", *argv], timeout, environment=environment)
    return code, (out + err).decode(errors="replace")


def daemon_log(container: Container, since: int = 0) -> list[tuple[int, str]]:
    """Return what the sandbox's daemon printed after `since`, in order, as (nanoseconds since the epoch, line)."""
    return engine.log_since(container, since)


def save_home(container: Container, owner_uid: int) -> tuple[bytes, int]:
    """Return an archive of the learner's home, and how many files were left out, for SANDBOX_HOME has no room for them.

    Raise EngineError if it cannot be had. What comes is the learner's word: only their own next sandbox is to read it.
    """
    most = int(parse_bytes(settings.SANDBOX_HOME))
    limit = most + most // 8 + 65536  # what does not compress becomes a little larger
    argv = ["/sbx/enter", "-u", "root", "/sbx/home", "save", str(most)]
    code, archive, said = run(container, owner_uid, argv, HOME_SECONDS, limit=limit)
    left_out = re.search(rb"left out: (\d{1,6})\n", said)
    if code or not left_out or len(archive) >= limit:
        raise EngineError(f"The home could not be saved: {said.decode(errors='replace').strip()[-200:] or code}")
    return archive, int(left_out[1])


def restore_home(container: Container, owner_uid: int, archive: bytes) -> None:
    """Bring into the learner's home what `save_home` returned. Raise EngineError if that is not possible."""
    argv = ["timeout", str(HOME_SECONDS), "/sbx/enter", "-u", "root", "/sbx/home", "restore"]
    user = f"{checked(owner_uid)}:{owner_uid}"
    if programs.feed(container, argv, user, archive, HOME_SECONDS + 5):
        raise EngineError("The files in the home could not be brought back.")
