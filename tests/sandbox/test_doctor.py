"""What this machine can do, and how to mend what it cannot."""

import json
import platform
import shutil
from collections import namedtuple

import pytest
from django.core.management import call_command
from django.utils import timezone

from sandbox import apparmor, capacity, doctor, engine, warehouse
from sandbox.engine import EngineError, EngineUnreachable
from sandbox.models import Host

pytestmark = pytest.mark.django_db

GIB = 2**30
INFO = {
    "ServerVersion": "28.5.2", "Driver": "overlay2", "DockerRootDir": "/var/lib/docker", "CgroupVersion": "2",
    "CgroupDriver": "systemd", "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"],
    "MemoryLimit": True, "CpuCfsQuota": True, "PidsLimit": True, "DefaultRuntime": "runc", "Runtimes": {"runc": {}},
    "OperatingSystem": "Debian GNU/Linux 13 (trixie)", "Architecture": "x86_64",
}  # fmt: skip
Usage = namedtuple("Usage", "total used free")


class Machine:
    """A machine on which all is well, until a test makes something worse."""

    def __init__(self) -> None:
        self.about: dict[str, object] = dict(INFO)
        self.image: Exception | None = None
        self.warehouse: str | Exception = "ok"
        self.files = {"/proc/sys/user/max_user_namespaces": "63000"}
        self.profiles = {"docker-default", "sarafa-sandbox"}
        self.shows_profiles = True
        self.memory = 16 * GIB
        self.free = 40 * GIB
        self.kernel = "6.12.0-1-amd64"

    def info(self) -> dict[str, object]:
        return self.about

    def inspect_image(self, name: str) -> dict[str, str]:
        if self.image:
            raise self.image
        return {"Id": "sha256:1"}

    def status(self) -> str:
        if isinstance(self.warehouse, Exception):
            raise self.warehouse
        return self.warehouse

    def finding(self, name: str) -> doctor.Finding:
        return {finding.name: finding for finding in doctor.examine()}[name]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, settings) -> Machine:
    machine = Machine()
    settings.SANDBOX_LIMIT = 0
    monkeypatch.setattr(engine, "client", lambda: machine)
    monkeypatch.setattr(warehouse, "status", machine.status)
    monkeypatch.setattr(doctor, "read", lambda file: machine.files.get(file, ""))
    monkeypatch.setattr(apparmor, "is_loaded", lambda profile: profile in machine.profiles)
    monkeypatch.setattr(apparmor, "can_be_seen", lambda: machine.shows_profiles)
    monkeypatch.setattr(capacity, "memory", lambda what="MemTotal": machine.memory)
    monkeypatch.setattr(capacity, "processors", lambda: 2)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(100 * GIB, 0, machine.free))
    monkeypatch.setattr(platform, "release", lambda: machine.kernel)
    capacity.derived.cache_clear()
    yield machine
    capacity.derived.cache_clear()


def test_a_good_machine_has_nothing_to_mend(machine):
    findings = doctor.examine()
    assert [finding for finding in findings if finding.level != "ok"] == []
    assert {finding.name for finding in findings} == {
        "version", "engine", "cgroups", "seccomp", "apparmor", "runtime", "disk", "kernel", "user namespaces",
        "open files", "memory", "capacity", "sandbox image", "warehouse",
    }  # fmt: skip


def test_the_number_of_sandboxes_is_told_and_what_bounds_it(machine, settings):
    settings.SANDBOX_POOL = 4
    text = machine.finding("capacity").text
    held = min(2 * capacity.PER_CPU, 14 * GIB // capacity.WORKING)
    assert text.startswith(
        f"room for {held} sandboxes: memory for {14 * GIB // capacity.WORKING} and processors for 240"
    )
    assert f"now for {15 * GIB // capacity.WORKING} more; 4 are kept warm" in text


def test_a_limit_that_is_set_is_named(machine, settings):
    settings.SANDBOX_LIMIT = 12
    assert "room for 12 sandboxes: as SANDBOX_LIMIT says" in machine.finding("capacity").text


def test_a_limit_that_the_machine_does_not_hold_is_a_warning(machine, settings):
    settings.SANDBOX_LIMIT = 1000
    assert machine.finding("capacity").level == "warning"
    assert "SANDBOX_LIMIT says 1000" in machine.finding("capacity").text
    assert machine.finding("capacity").mend


def worsen(**change: object):
    def apply(machine: Machine) -> None:
        for name, value in change.items():
            setattr(machine, name, value)

    return apply


def inform(**change: object):
    return lambda machine: machine.about.update(change)


SHORTFALLS = [
    ("engine", "error", inform(ServerVersion="19.03.15")),
    ("seccomp", "error", inform(SecurityOptions=["name=apparmor"])),
    ("seccomp", "error", inform(SecurityOptions=None)),
    ("cgroups", "error", inform(MemoryLimit=False)),
    ("cgroups", "error", inform(CgroupVersion="1", PidsLimit=False, CpuCfsQuota=False)),
    ("rootless", "warning", inform(SecurityOptions=["name=seccomp", "name=rootless"])),
    ("userns-remap", "warning", inform(SecurityOptions=["name=apparmor", "name=seccomp", "name=userns"])),
    ("desktop", "warning", inform(OperatingSystem="Docker Desktop")),
    ("architecture", "warning", inform(Architecture="aarch64")),
    ("apparmor", "warning", worsen(profiles=set())),
    ("disk", "error", worsen(free=1 * GIB)),
    ("kernel", "warning", worsen(kernel="5.15.0-91-generic")),
    ("kernel", "warning", worsen(kernel="6.1.0-18-amd64")),
    ("user namespaces", "error", worsen(files={"/proc/sys/user/max_user_namespaces": "0"})),
    ("user namespaces", "error", worsen(files={"/proc/sys/kernel/unprivileged_userns_clone": "0"})),
    ("open files", "warning", worsen(files={"/proc/sys/fs/file-max": "2466183"})),
    ("memory", "warning", worsen(memory=1 * GIB)),
    ("sandbox image", "error", worsen(image=EngineError("no such image"))),
    ("warehouse", "error", worsen(warehouse="stopped")),
    ("warehouse", "error", worsen(warehouse=EngineUnreachable("No Docker Engine answers."))),
]


@pytest.mark.parametrize(("name", "level", "change"), SHORTFALLS)
def test_each_shortfall_is_found_and_says_how_to_mend_it(machine, name, level, change):
    change(machine)
    finding = machine.finding(name)
    assert finding.level == level
    assert finding.mend
    others = {found.name for found in doctor.examine() if found.level != "ok"}
    assert others == {name}


# --- AppArmor ---

RESTRICTED = {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"}


def test_apparmor_with_our_profile_is_told(machine):
    assert machine.finding("apparmor").text == "on, sandboxes have the profile sarafa-sandbox"


def test_apparmor_that_is_off_is_no_shortfall(machine):
    machine.about["SecurityOptions"] = ["name=seccomp"]
    machine.files["/sys/module/apparmor/parameters/enabled"] = "N"
    finding = machine.finding("apparmor")
    assert finding.level == "ok"
    assert finding.text.startswith("off")


def test_an_engine_that_does_not_use_apparmor_is_told_from_a_kernel_without(machine):
    machine.about["SecurityOptions"] = ["name=seccomp"]
    machine.files["/sys/module/apparmor/parameters/enabled"] = "Y"
    finding = machine.finding("apparmor")
    assert finding.level == "warning"
    assert "apt-get install apparmor" in finding.mend


def test_our_profile_that_is_not_loaded_comes_with_the_command(machine):
    machine.profiles.clear()
    assert "scripts/apparmor.sh" in machine.finding("apparmor").mend


def test_sandboxes_unconfined_on_purpose_are_told(machine, settings):
    settings.SANDBOX_APPARMOR = "unconfined"
    finding = machine.finding("apparmor")
    assert (finding.level, finding.mend) == ("warning", "Unset SANDBOX_APPARMOR.")


def test_a_named_profile_must_be_loaded(machine, settings):
    settings.SANDBOX_APPARMOR = "of-the-house"
    assert machine.finding("apparmor").level == "error"
    machine.profiles.add("of-the-house")
    assert machine.finding("apparmor").text == "on, sandboxes have the profile of-the-house"


def test_a_named_profile_is_believed_in_where_none_can_be_seen(machine, settings):
    """As in a container, which the kernel does not show what is loaded."""
    machine.profiles, machine.shows_profiles = set(), False
    settings.SANDBOX_APPARMOR = "of-the-house"
    finding = machine.finding("apparmor")
    assert finding.level == "ok"
    assert "of-the-house" in finding.text and "cannot be seen from here" in finding.text


def test_where_none_can_be_seen_ours_is_to_be_named(machine):
    machine.profiles, machine.shows_profiles = set(), False
    finding = machine.finding("apparmor")
    assert finding.level == "warning"
    assert "SANDBOX_APPARMOR=sarafa-sandbox" in finding.mend


def test_ubuntus_restriction_is_met_by_our_profile(machine):
    machine.files |= RESTRICTED
    finding = machine.finding("user namespaces")
    assert finding.level == "ok"
    assert "sarafa-sandbox" in finding.text


def test_ubuntus_restriction_without_our_profile_comes_with_the_command(machine):
    machine.files |= RESTRICTED
    machine.profiles.clear()
    finding = machine.finding("user namespaces")
    assert finding.level == "error"
    assert "scripts/apparmor.sh" in finding.mend


# --- the runtime ---


def test_a_runtime_that_the_engine_does_not_know_is_found(machine, settings):
    settings.SANDBOX_RUNTIME = "kata-runtime"
    finding = machine.finding("runtime")
    assert finding.level == "error"
    assert "the engine knows runc" in finding.text
    machine.about["Runtimes"] = {"runc": {}, "kata-runtime": {"path": "/usr/bin/kata-runtime"}}
    assert machine.finding("runtime").text == "kata-runtime"


def test_without_a_name_the_engines_default_is_told(machine):
    assert machine.finding("runtime").text == "runc, the engine's default"


# --- the command ---


@pytest.mark.parametrize(("name", "level", "change"), SHORTFALLS)
def test_the_command_ends_with_1_if_learners_could_not_start(machine, capsys, name, level, change):
    change(machine)
    if level == "error":
        with pytest.raises(SystemExit) as ended:
            call_command("doctor")
        assert ended.value.code == 1
    else:
        call_command("doctor")
    printed = capsys.readouterr().out
    assert name in printed
    assert "→" in printed


def test_without_an_engine_the_rest_is_still_looked_at(machine, monkeypatch):
    def client() -> None:
        raise EngineUnreachable("No Docker Engine answers at unix:///nowhere.sock.")

    monkeypatch.setattr(engine, "client", client)
    found = {finding.name: finding for finding in doctor.examine()}
    assert found["engine"].level == "error"
    assert "nowhere.sock" in found["engine"].text
    assert "scripts/engine.sh" in found["engine"].mend
    assert found["memory"].level == "ok"
    assert found["kernel"].level == "ok"


def test_the_command_prints_json(machine, capsys):
    call_command("doctor", "--json")
    findings = json.loads(capsys.readouterr().out)
    assert all(finding.keys() == {"name", "level", "text", "mend"} for finding in findings)
    machine.free = 0
    with pytest.raises(SystemExit):
        call_command("doctor", "--json")
    assert [found["name"] for found in json.loads(capsys.readouterr().out) if found["level"] == "error"] == ["disk"]


@pytest.mark.parametrize(
    ("text", "version"), [("20.10.24+dfsg1", (20, 10)), ("6.18.0", (6, 18)), ("", ()), ("28", (28,))]
)
def test_versions_are_read(text, version):
    assert doctor.version_of(text) == version


def test_a_file_that_cannot_be_read_says_nothing():
    assert doctor.read("/proc/no/such/file") == ""


def test_other_hosts_are_told_as_they_were_found():
    Host.objects.create(name="well", url="tcp://10.0.0.2:2376", capacity=15)
    away = Host.objects.create(name="away", url="tcp://10.0.0.3:2376", capacity=15)
    away.note_silence(timezone.now(), "No Docker Engine answers at tcp://10.0.0.3:2376.")
    found = {finding.name: finding for finding in doctor.look_at_hosts()}
    assert (found["host well"].level, found["host well"].text) == ("ok", "ready; 0 of at most 15 sandboxes")
    assert (found["host away"].level, found["host away"].text) == ("warning", away.error)
    assert "manage.py host check away" in found["host away"].mend
