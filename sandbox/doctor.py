"""What this machine can do, and how to mend what it cannot."""

import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from sandbox import capacity, engine, warehouse

OLDEST_ENGINE = (20, 10)
OLDEST_KERNEL = (6, 6)  # overlay2 on tmpfs in a user namespace needs user xattrs on tmpfs
DISK_NEEDED = 4 * 2**30


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `level`: ok, warning (learners can work), error (they cannot). `mend` says what to do."""

    name: str
    level: str
    text: str
    mend: str = ""


def examine() -> list[Finding]:
    return [finding for look in LOOKS for finding in look()]


def look_at_engine() -> Iterator[Finding]:
    try:
        about = engine.client().info()
    except engine.EngineError as exc:
        yield Finding("engine", "error", str(exc), "Run scripts/engine.sh, or start Docker.")
        return
    version = str(about.get("ServerVersion", ""))
    if version_of(version) < OLDEST_ENGINE:
        yield Finding("engine", "error", f"Docker Engine {version} is too old.", "Install 20.10 or newer.")
    else:
        yield Finding("engine", "ok", f"Docker Engine {version}, storage {about.get('Driver')}")
    yield from look_at_security(about)
    yield look_at_disk(str(about.get("DockerRootDir", "/")))


def look_at_security(about: dict[str, object]) -> Iterator[Finding]:
    yield Finding("cgroups", "ok", f"version {about.get('CgroupVersion', '1')}, driver {about.get('CgroupDriver')}")
    options = " ".join(str(option) for option in about.get("SecurityOptions") or [])  # type: ignore[attr-defined]
    if "seccomp" in options:
        yield Finding("seccomp", "ok", "available")
    else:
        yield Finding("seccomp", "error", "The engine has no seccomp.", "Use a kernel and engine built with it.")
    if "rootless" in options:
        yield Finding("rootless", "warning", "The engine is rootless: untried.", "Use a rootful engine.")
    apparmor = "apparmor" in options
    yield Finding("apparmor", "ok", "on" if apparmor else "off: one defence less, but none that is needed")


def look_at_user_namespaces() -> Iterator[Finding]:
    most = read("/proc/sys/user/max_user_namespaces")
    restricted = read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    allowed = read("/proc/sys/kernel/unprivileged_userns_clone")
    if most == "0" or allowed == "0":
        mend = "sysctl -w user.max_user_namespaces=100000 kernel.unprivileged_userns_clone=1"
        yield Finding("user namespaces", "error", "The kernel forbids them.", mend)
    elif restricted == "1":
        mend = "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        yield Finding("user namespaces", "error", "AppArmor restricts them (Ubuntu's default).", mend)
    else:
        yield Finding("user namespaces", "ok", f"allowed, at most {most or 'unlimited'}")


def look_at_kernel() -> Iterator[Finding]:
    release = platform.release()
    if version_of(release) < OLDEST_KERNEL:
        yield Finding("kernel", "warning", f"{release} may not stack images in memory.", "Use Linux 6.6 or newer.")
    else:
        yield Finding("kernel", "ok", release)


def look_at_memory() -> Iterator[Finding]:
    total, room = capacity.memory() / 2**30, capacity.limit()
    text = f"{total:.1f} GiB: room for {room} sandboxes of at most {settings.SANDBOX_MEMORY} each"
    enough = capacity.memory() >= 2 * 2**30
    yield Finding("memory", "ok" if enough else "warning", text, "" if enough else "Use a machine with 4 GiB or more.")


def look_at_disk(folder: str) -> Finding:
    place = folder if os.path.isdir(folder) else "/"
    free = shutil.disk_usage(place).free
    text = f"{free / 2**30:.1f} GiB free at {place}"
    if free < DISK_NEEDED:
        return Finding("disk", "error", text, "Free at least 4 GiB, for instance with docker system prune.")
    return Finding("disk", "ok", text)


def look_at_images() -> Iterator[Finding]:
    try:
        engine.client().inspect_image(settings.SANDBOX_IMAGE)
        yield Finding("sandbox image", "ok", settings.SANDBOX_IMAGE)
    except Exception:
        yield Finding("sandbox image", "error", f"{settings.SANDBOX_IMAGE} is missing.", "Run manage.py images.")


def look_at_warehouse() -> Iterator[Finding]:
    try:
        status = warehouse.status()
    except engine.EngineError as exc:
        status = str(exc)
    level = "ok" if status == "ok" else "error"
    yield Finding("warehouse", level, status, "" if status == "ok" else "Run manage.py warehouse up.")


def version_of(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])


def read(file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError:
        return ""


LOOKS: list[Callable[[], Iterator[Finding]]] = [
    look_at_engine, look_at_kernel, look_at_user_namespaces, look_at_memory, look_at_images, look_at_warehouse,
]  # fmt: skip
