"""trial.py [--patience SECONDS]: try a sandbox on this host, with the settings at hand, and tell what works.

For a host that no test has seen yet, however slow: it waits where the tests would give up. The images must be there
(manage.py images). What it prints is a table in Markdown; it ends with 1 if something did not work.
"""

import argparse
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402
from django.conf import settings  # noqa: E402

django.setup()

from sandbox import accounts, apparmor, containers, doctor, door, engine, images, inspection, warehouse  # noqa: E402
from sandbox.container import here, local  # noqa: E402

TESTS = ROOT / "tests" / "docker"
PROBE = "sarafa-bazaar/trial-probe"
# The kernel's settings, of which nobody in a sandbox may write one.
SETTINGS = ["/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sys/fs/file-max", "/proc/sysrq-trigger"]
WRITE = f"for file in {' '.join(SETTINGS)}; do (: >> $file) 2> /dev/null && echo $file; done; true"
BOMB = "bomb() { bomb | bomb & }; bomb 2> /dev/null; sleep 5"


class Failed(Exception):
    """Something did not work. The message says what happened instead."""


class Trial:
    """One sandbox, and what is tried in it. Each `try_` returns what it saw, or raises Failed."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        address = accounts.trial_address()
        self.spec = containers.Spec(secrets.token_hex(6), 2_000_000 + os.getpid() % 8000, address, label="sarafa.trial")
        self.container = here("")
        self.is_confined = False  # by our AppArmor profile

    def learner(self, command: str) -> tuple[int, str]:
        argv = ["bash", "-c", command]
        return containers.run_as_learner(self.container, self.spec.owner_uid, argv, timeout=self.patience)

    def root(self, command: str) -> tuple[int, str]:
        return self.owner("/sbx/enter", "-u", "root", "bash", "-c", command)

    def owner(self, *argv: str) -> tuple[int, str]:
        code, out, err = containers.run(self.container, self.spec.owner_uid, argv, timeout=self.patience)
        return code, (out + err).decode(errors="replace").strip()

    def must(self, result: tuple[int, str]) -> str:
        code, output = result
        if code:
            raise Failed(f"{code}: {output.strip()[-600:]}")
        return output.strip()

    def try_start(self) -> str:
        self.container = containers.create(self.spec)
        containers.wait_ready(self.container, self.patience)
        about = self.must(self.learner("docker info --format '{{.Driver}}, cgroup v{{.CgroupVersion}}'"))
        _, profile = self.learner(
            "cat /proc/self/attr/apparmor/current /proc/self/attr/current 2> /dev/null | head -n 1"
        )
        return f"{about}, AppArmor: {profile.strip() or 'none'}"

    def try_features(self) -> str:
        code, output = self.learner(f"PATIENCE={self.patience:g}\n" + (TESTS / "features.sh").read_text())
        failed = [line for line in output.splitlines() if line.startswith("FAIL")]
        if code:
            raise Failed("; ".join([*failed, output.splitlines()[-1] if output else "no output"]))
        return output.splitlines()[-1]

    def try_bounds(self) -> str:
        """See that the cgroups of the daemon's containers and of the terminals have their bounds."""
        files = "{,*/}{docker,terminals}/{memory.max,memory.limit_in_bytes,pids.max}"
        show = f"cd /sys/fs/cgroup; grep -H . {files} 2> /dev/null"
        bounds = dict(line.split(":") for line in self.root(show)[1].splitlines())
        if len(bounds) != 4 or "max" in bounds.values():
            raise Failed(f"not all are bound: {bounds}")
        _, own = self.learner("cut -d: -f3 /proc/self/cgroup | sort -u")
        if "/terminals" not in own.split():
            raise Failed(f"a terminal is in {own!r}")
        return ", ".join(f"{name} {value}" for name, value in bounds.items())

    def try_probes(self) -> str:
        """See that every probe is refused to whoever could be in a sandbox; `test_probes.py` says who that is."""
        image = "warehouse:5000/sarafa/probe"
        fetch = f"docker pull -q {image}; docker create --name probe {image}; docker cp probe:/probe probe"
        self.must(self.learner(f"{fetch} && docker rm probe"))
        self.must(self.root("cp /home/learner/probe /data/probe"))
        targets = "tcp:169.254.169.254:80 tcp:172.17.0.1:22 unix:/warehouse/registry.sock"
        nested = f"docker run --rm --privileged --pid host --network host --ipc host -v /:/host {image}"
        outcomes = {
            "learner": self.learner(f"/data/probe {targets}"),
            "root": self.root(f"/data/probe {targets}"),
            "privileged": self.learner(f"{nested} /probe {targets}"),
            "privileged, in the sandbox's files": self.learner(f"{nested} chroot /host /data/probe {targets}"),
            "owner": self.owner("/data/probe", *targets.split()),
        }
        lines = [(who, line) for who, result in outcomes.items() for line in self.must(result).splitlines()]
        found = [f"{who}: {line}" for who, line in lines if line.endswith(("\tALLOWED", "\tSENT"))]
        if found:
            raise Failed("; ".join(found))
        return f"{len(lines)} refused"

    def try_facts(self) -> str:
        """See that the platform's checks can ask the daemon, from outside and as another user."""
        return f"images: {len(inspection.ask(self.container, self.spec.owner_uid, self.patience)['images'])}"

    def try_home(self) -> str:
        """See that the learner's home can be saved, and brought back."""
        self.must(self.learner("mkdir stall && echo poha > stall/menu"))
        archive, left_out = containers.save_home(self.container, self.spec.owner_uid)
        self.must(self.learner("rm -r stall"))
        containers.restore_home(self.container, self.spec.owner_uid, archive)
        self.must(self.learner("grep -x poha stall/menu"))
        return f"{len(archive)} bytes, {left_out} files left out"

    def try_pause(self) -> str:
        """See that the sandbox stands still when paused, and goes on afterwards."""
        self.must(self.learner("(while sleep 0.1; do echo >> beats; done) > /dev/null 2>&1 &"))
        engine.pause(self.container)
        before = self.usage()
        time.sleep(3)
        used = self.usage() - before
        engine.unpause(self.container)
        self.must(self.learner("docker ps; wc -c < beats"))
        if used:
            raise Failed(f"used {used} ns of CPU in 3 s of pause")
        return "no CPU used meanwhile; goes on"

    def usage(self) -> int:
        """Return the nanoseconds of CPU that the sandbox has used."""
        return int(engine.client().stats(self.container.id, stream=False)["cpu_stats"]["cpu_usage"]["total_usage"])

    def try_settings(self) -> str:
        """See that nobody in a sandbox writes to the kernel's settings."""
        privileged = f"docker run --rm --privileged warehouse:5000/sarafa/poha sh -c '{WRITE}' 2> /dev/null"
        written = self.must(self.learner(WRITE)), self.must(self.root(WRITE)), self.must(self.learner(privileged))
        if any(written):
            raise Failed(f"learner, root and a privileged container could write to: {written}")
        return "refused to learner, root, and a privileged container"

    def try_settings_as_init(self) -> str:
        """See what the container's own root could write to, as which nothing but the init runs: AppArmor's part."""
        exec_id = engine.client().exec_create(self.container.id, ["sh", "-c", WRITE], user="0")["Id"]
        written = engine.client().exec_start(exec_id).decode().split()
        if written and self.is_confined:
            raise Failed(f"could write to: {written}")
        return f"could write to {', '.join(written)}" if written else "refused to the container's own root"

    def try_fork_bomb(self) -> str:
        """Fill the terminals with processes, then rescue the sandbox as root, as it must be possible from outside."""
        argv = ["/sbx/enter", "bash", "-c", BOMB]
        containers.run(self.container, self.spec.owner_uid, argv, timeout=20)
        _, count = self.root("pgrep -c -u learner")
        full = self.learner("docker version > /dev/null")[0] != 0
        began = time.monotonic()
        # Who is stopped still counts, so that there is no room for new ones; who is killed makes room.
        self.must(self.root("while pkill -STOP -u learner; pkill -KILL -u learner; do sleep 0.1; done"))
        took = time.monotonic() - began
        self.must(self.learner("docker run --rm warehouse:5000/sarafa/poha"))
        return f"{count} processes, terminals {'full' if full else 'not full'}, rescued in {took:.1f} s"

    def try_greed(self) -> str:
        """See that whoever takes all memory, disk or processes is stopped, and the sandbox goes on."""
        image = "warehouse:5000/sarafa/poha"
        for attempt, sign in {
            f"docker run --rm {image} tail /dev/zero; echo ended $?": "ended 137",
            "tail /dev/zero; echo ended $?": "ended 137",
            "head -c 500M /dev/zero > big; rm big": "No space left on device",
            f"docker run -d --name bomb {image} sh -c 'f() {{ f | f & f; }}; f'; sleep 5; docker rm -f bomb": "bomb",
        }.items():
            _, output = self.learner(attempt)
            if sign not in output:
                raise Failed(f"{attempt}: {output.strip()[-400:]}")
            self.must(self.learner(f"until docker run --rm {image}; do sleep 1; done"))
        return "memory, disk and processes, by a shell and by a container"

    def try_services(self) -> str:
        """See that the daemon and containerd are started again when they die."""
        for service in ("containerd", "dockerd"):
            self.must(self.root(f"pkill -KILL -x {service}"))
            self.must(self.learner("until docker run --rm warehouse:5000/sarafa/poha; do sleep 1; done"))
        return "containerd and dockerd start again"

    def try_remove(self) -> str:
        began = time.monotonic()
        containers.remove(self.container)
        return f"in {time.monotonic() - began:.1f} s"


PARTS = [  # what takes longest comes last
    "start", "bounds", "probes", "facts", "home", "pause", "settings", "settings_as_init", "fork_bomb", "greed",
    "services", "features", "remove",
]  # fmt: skip


@contextmanager
def prepared(patience: float) -> Iterator[None]:
    """Have a warehouse meanwhile, with all that is pulled here."""
    engine.client().timeout = warehouse.START_SECONDS = containers.HOME_SECONDS = int(patience)
    is_ours = not images.id_of(PROBE)
    if is_ours:
        make_probe()
    try:
        warehouse.ensure_running()
        warehouse.seed(images.stock() | {"registry": warehouse.IMAGE, "probe": PROBE})
        with door.kept():
            yield
    finally:
        warehouse.remove()
        if is_ours:
            engine.client().remove_image(PROBE)


def make_probe() -> None:
    images.ensure(images.Recipe(PROBE, TESTS / "probe"), str(images.id_of(images.BASE)), print)


def describe() -> None:
    for finding in doctor.examine():
        print(f"{finding.name}: {finding.text}{' → ' if finding.mend else ''}{finding.mend}")
    print(f"\nprofile asked for: {apparmor.chosen(local())}\n", flush=True)


def attempt(part: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, part()
    except (Failed, engine.EngineError) as exc:
        return False, str(exc)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patience", type=float, default=600, help="seconds that one thing may take")
    parser.add_argument("--only", type=lambda text: text.split(","), default=PARTS, help=f"of {','.join(PARTS)}")
    parser.add_argument("--images", action="store_true", help="make the probe's image, and name all that a trial needs")
    arguments = parser.parse_args()
    if arguments.images:
        make_probe()
        print(images.BASE, PROBE, *(recipe.name for recipe in images.recipes()))
        return 0
    with prepared(arguments.patience):
        describe()
        return run(Trial(arguments.patience), arguments.only)


def run(trial: Trial, parts: list[str]) -> int:
    """Try one after the other, and return how many did not work. Without a start nothing else is tried."""
    print("| tried | works | seen | seconds |\n|---|---|---|---|", flush=True)
    failed = 0
    try:
        for name in parts:
            began = time.monotonic()
            works, seen = attempt(getattr(trial, f"try_{name}"))
            failed += not works
            cells = [name.replace("_", " "), "yes" if works else "NO", " ".join(seen.replace("|", "/").split())]
            print(f"| {' | '.join(cells)} | {time.monotonic() - began:.0f} |", flush=True)
            if name == "start" and not works:
                break
    finally:
        containers.remove(containers.at(local(), trial.spec.code))
    return failed


if __name__ == "__main__":
    settings.INSTALLATION = f"trial{os.getpid()}"
    sys.exit(min(main(), 1))
