"""What this machine can do, and how to mend what it cannot."""

import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from config.version import VERSION
from sandbox import apparmor, capacity, engine, warehouse
from sandbox.container import local
from sandbox.models import Host

About = dict[str, Any]  # what the engine tells about itself

OLDEST_ENGINE = (20, 10)
OLDEST_KERNEL = (6, 6)  # overlay2 on tmpfs in a user namespace needs user xattrs on tmpfs
DISK_NEEDED = 4 * 2**30
FILES_NEEDED = 10_000_000  # a sandbox can hold a million of them open before its memory ends
LOAD_PROFILE = "sudo scripts/apparmor.sh"
NAME_PROFILE = f"{LOAD_PROFILE}, then set SANDBOX_APPARMOR={apparmor.PROFILE}"
CONTROLS = {"MemoryLimit": "memory", "CpuCfsQuota": "CPU", "PidsLimit": "processes"}  # of the engine's own words


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `level`: ok, warning (learners can work), error (they cannot). `mend` says what to do."""

    name: str
    level: str
    text: str
    mend: str = ""


# Kinds of engine that need a word, by what tells them. docs/hosts.md says what is known of each.
KINDS = {
    "rootless": Finding("rootless", "warning", "The engine is rootless: untried.", "Use a rootful engine."),
    "name=userns": Finding(
        "userns-remap",
        "warning",
        "The engine remaps users: with cgroups of version 1, top, pause and limits do not work inside.",
        "Take userns-remap out of the engine's daemon.json: sandboxes have user namespaces of their own.",
    ),
    "Docker Desktop": Finding(
        "desktop", "warning", "The engine is in Docker Desktop's virtual machine: untried.", "Use an engine on Linux."
    ),
    "aarch64": Finding("architecture", "warning", "ARM processors are untried.", "Use x86-64, or tell how it went."),
}


def examine() -> list[Finding]:
    return [finding for look in LOOKS for finding in look()]


def look_at_version() -> Iterator[Finding]:
    yield Finding("version", "ok", VERSION)


def look_at_engine() -> Iterator[Finding]:
    try:
        about = engine.client().info()
    except engine.EngineError as exc:
        yield Finding("engine", "error", str(exc), "Run scripts/engine.sh, or start Docker.")
        return
    yield from of_engine(about)
    yield look_at_apparmor(about)
    yield look_at_runtime(about)
    yield look_at_disk(str(about.get("DockerRootDir", "/")))


def of_engine(about: About) -> Iterator[Finding]:
    """Tell of an engine, on whatever host, whether it can run sandboxes."""
    version = str(about.get("ServerVersion", ""))
    if version_of(version) < OLDEST_ENGINE:
        yield Finding("engine", "error", f"Docker Engine {version} is too old.", "Install 20.10 or newer.")
    else:
        yield Finding("engine", "ok", f"Docker Engine {version}, storage {about.get('Driver')}")
    yield from look_at_security(about)


def options(about: About) -> str:
    return " ".join(str(option) for option in about.get("SecurityOptions") or [])


def look_at_security(about: About) -> Iterator[Finding]:
    missing = [name for key, name in CONTROLS.items() if about.get(key) is False]
    version = f"version {about.get('CgroupVersion', '1')}, driver {about.get('CgroupDriver')}"
    if missing:
        mend = "Boot with cgroup_enable=memory, or give the engine the controllers it lacks; docker info names them."
        yield Finding("cgroups", "error", f"{version}: {' and '.join(missing)} cannot be limited.", mend)
    else:
        yield Finding("cgroups", "ok", version)
    if "seccomp" in options(about):
        yield Finding("seccomp", "ok", "available")
    else:
        yield Finding("seccomp", "error", "The engine has no seccomp.", "Use a kernel and engine built with it.")
    signs = f"{options(about)} {about.get('OperatingSystem')} {about.get('Architecture')}"
    yield from (kind for sign, kind in KINDS.items() if sign in signs)


def look_at_apparmor(about: About) -> Finding:
    """Tell whether the kernel has AppArmor, the engine uses it, and sandboxes have a profile of it."""
    if "apparmor" not in options(about):
        if read("/sys/module/apparmor/parameters/enabled") != "Y":
            return Finding("apparmor", "ok", "off: one defence less, but none that is needed")
        mend = "apt-get install apparmor; systemctl restart docker"
        return Finding("apparmor", "warning", "The kernel has AppArmor, but the engine does not use it.", mend)
    return of_profile(apparmor.chosen(local()))


def of_profile(profile: str) -> Finding:
    """Tell whether it binds sandboxes. In a container the kernel does not tell which are loaded."""
    seen = apparmor.can_be_seen()
    if profile == apparmor.UNCONFINED:
        if settings.SANDBOX_APPARMOR:
            why, mend = "as SANDBOX_APPARMOR says", "Unset SANDBOX_APPARMOR."
        elif seen:
            why, mend = "since ours is not loaded", LOAD_PROFILE
        else:
            why, mend = "since SANDBOX_APPARMOR names none, and none can be seen from here", NAME_PROFILE
        return Finding("apparmor", "warning", f"On, but sandboxes are unconfined, {why}.", mend)
    if not seen:
        text = f"on, sandboxes have the profile {profile}; whether it is loaded cannot be seen from here"
        return Finding("apparmor", "ok", text)
    if not apparmor.is_loaded(profile):
        text = f"SANDBOX_APPARMOR names {profile}, which is not loaded: no sandbox can start."
        return Finding("apparmor", "error", text, "Load that profile, or unset SANDBOX_APPARMOR.")
    return Finding("apparmor", "ok", f"on, sandboxes have the profile {profile}")


def look_at_runtime(about: About) -> Finding:
    named, known = settings.SANDBOX_RUNTIME, about.get("Runtimes") or {}
    if not named:
        return Finding("runtime", "ok", f"{about.get('DefaultRuntime')}, the engine's default")
    if named in known:
        return Finding("runtime", "ok", named)
    text = f"SANDBOX_RUNTIME names {named}; the engine knows {', '.join(known)}: no sandbox can start."
    return Finding("runtime", "error", text, "Add it to the engine's daemon.json, or unset SANDBOX_RUNTIME.")


def look_at_user_namespaces() -> Iterator[Finding]:
    most = read("/proc/sys/user/max_user_namespaces")
    restricted = read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1"
    allowed = read("/proc/sys/kernel/unprivileged_userns_clone")
    if most == "0" or allowed == "0":
        mend = "sysctl -w user.max_user_namespaces=100000 kernel.unprivileged_userns_clone=1"
        yield Finding("user namespaces", "error", "The kernel forbids them.", mend)
    elif restricted and apparmor.chosen(local()) == apparmor.UNCONFINED:
        text = "AppArmor allows them only to programs with a profile (Ubuntu's default), which sandboxes do not have."
        yield Finding("user namespaces", "error", text, LOAD_PROFILE)
    elif restricted:
        yield Finding("user namespaces", "ok", f"allowed by AppArmor's profile {apparmor.chosen(local())}")
    else:
        yield Finding("user namespaces", "ok", f"allowed, at most {most or 'unlimited'}")


def look_at_kernel() -> Iterator[Finding]:
    release = platform.release()
    if version_of(release) < OLDEST_KERNEL:
        yield Finding("kernel", "warning", f"{release} may not stack images in memory.", "Use Linux 6.6 or newer.")
    else:
        yield Finding("kernel", "ok", release)


def look_at_open_files() -> Iterator[Finding]:
    most = int(read("/proc/sys/fs/file-max") or FILES_NEEDED)
    if most < FILES_NEEDED:
        text = f"{most:,} at most on the whole host: a few hostile learners could hold them all."
        yield Finding("open files", "warning", text, f"sysctl -w fs.file-max={FILES_NEEDED}")
    else:
        yield Finding("open files", "ok", "as many as memory holds")


def look_at_memory() -> Iterator[Finding]:
    text = f"{capacity.memory() / 2**30:.1f} GiB, of which {capacity.memory('MemAvailable') / 2**30:.1f} are free"
    enough = capacity.memory() >= 2 * 2**30
    yield Finding("memory", "ok" if enough else "warning", text, "" if enough else "Use a machine with 4 GiB or more.")


def look_at_capacity() -> Iterator[Finding]:
    """Tell how many sandboxes this machine holds, what bounds that, and how many there is room for now."""
    bounds, derived = capacity.bounds(), capacity.derived()
    allowed = " and ".join(f"{part} for {number}" for part, number in bounds.items())
    now = f"now for {capacity.room()} more; {settings.SANDBOX_POOL} are kept warm"
    if derived < settings.SANDBOX_LIMIT:
        text = (
            f"SANDBOX_LIMIT says {settings.SANDBOX_LIMIT}, but there is room for {derived} sandboxes: {allowed}; {now}"
        )
        yield Finding(
            "capacity", "warning", text, "Unset SANDBOX_LIMIT, unless your sandboxes were measured to take less."
        )
        return
    why = f"as SANDBOX_LIMIT says; {allowed}" if settings.SANDBOX_LIMIT else allowed
    yield Finding("capacity", "ok", f"room for {capacity.limit()} sandboxes: {why}; {now}")


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
    yield Finding("warehouse", level, status, "" if status == "ok" else "Run manage.py warehouse up; make run.")


def look_at_hosts() -> Iterator[Finding]:
    """Tell of the other hosts, if there are any, what the worker found when it looked at them last."""
    try:
        others = list(Host.objects.others().with_room())
    except DatabaseError:  # there is none yet
        return
    for host in others:
        if host.state in ("lost", "silent"):
            mend = f"See to it, then try it out: manage.py host check {host.name}"
            yield Finding(f"host {host.name}", "warning", host.error or "does not answer", mend)
        else:
            yield Finding(f"host {host.name}", "ok", f"{host.state}; {host.live} of at most {host.limit} sandboxes")


def version_of(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])


def read(file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError:
        return ""


LOOKS: list[Callable[[], Iterator[Finding]]] = [
    look_at_version, look_at_engine, look_at_kernel, look_at_user_namespaces, look_at_open_files, look_at_memory,
    look_at_capacity, look_at_images, look_at_warehouse, look_at_hosts,
]  # fmt: skip
