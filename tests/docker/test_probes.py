"""What nobody in a sandbox may do, tried by everybody who could be in one; and that the trying would be noticed.

`probe/probe.c` has the probes. Five run it: the learner; root of the sandbox, whom a learner becomes through Docker; a
privileged container of the learner's, first with its own files and then with the sandbox's; and the owner, as whom the
platform's own commands run, in case a learner takes one over.
"""

import json
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import engine, images, warehouse
from sandbox.image import seccomp

IMAGE = "warehouse:5000/sarafa/probe"
NESTED = f"docker run --rm --privileged --pid host --network host --ipc host -v /:/host {IMAGE}"
FOUND = ("ALLOWED", "SENT")
METADATA = "tcp:169.254.169.254:80"  # where clouds tell a machine its secrets
DOORS = ["unix:/warehouse/registry.sock", "unix:/warehouse/door.sock"]
MOUNTING = seccomp.ABSENT["the newer way to mount, of which the older one is enough"].split()


@pytest.fixture(scope="module", autouse=True)
def probe(installation: str) -> Iterator[None]:
    recipe = images.Recipe(f"sarafa-bazaar/probe-{installation}", Path(__file__).with_name("probe"))
    images.ensure(recipe, str(images.id_of(images.BASE)), print)
    warehouse.seed(images.stock() | {"probe": recipe.name})
    yield
    engine.client().remove_image(recipe.name, force=True)


@pytest.fixture(scope="module")
def listener() -> Iterator[int]:
    """Listen on every address of the host; tell the port."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        threading.Thread(target=take_calls, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def take_calls(server: socket.socket) -> None:
    while server.fileno() >= 0:
        try:
            server.accept()[0].close()
        except OSError:
            return


@pytest.fixture(scope="module")
def of_the_host(listener: int) -> Iterator[list[str]]:
    """What there is to find on the host: its addresses, a file, a process; and the address that clouds have for it."""
    listeners = [f"tcp:{address}:{listener}" for address in addresses()]
    with tempfile.TemporaryDirectory() as directory, subprocess.Popen(["sleep", "86413"]) as process:
        secret = Path(directory, "secret")
        secret.write_text("of the host")
        secret.parent.chmod(0o755)
        yield [*listeners, f"file:{secret}", "process:86413", METADATA]
        process.kill()


def addresses() -> list[str]:
    listed = subprocess.run(["ip", "-json", "-4", "address"], capture_output=True, check=True).stdout
    found = [entry["local"] for link in json.loads(listed) for entry in link["addr_info"]]
    return [address for address in found if not address.startswith("127.")]


@pytest.fixture(scope="module")
def of_a_neighbour(charlies) -> list[str]:
    """What there is to find in another sandbox: a socket, shared memory, a process. Each is there to find."""
    charlies.learner(
        "nohup perl -MSocket -e '"
        '$^F = 9; socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un("\\0neighbour")); listen(S, 5); '
        "shmget(4711, 99, 01666); exec qw(sleep 86414)' > /dev/null 2>&1 &"
    )
    targets = ["abstract:neighbour", "shm:4711", "process:86414"]
    fetch(charlies)
    assert set(targets) <= set(found(charlies, "learner", targets))
    return targets


def fetch(place) -> None:
    """Put the program where everybody in the sandbox can run it."""
    commands = f"docker pull -q {IMAGE}; docker create --name pr {IMAGE}; docker cp pr:/probe probe; docker rm pr"
    code, output = place.learner(f"cd; {commands}")
    assert code == 0, output
    assert place.root("cp /home/learner/probe /data/probe") == (0, "")


def outcomes(place, who: str, targets: list[str]) -> dict[str, str]:
    asked = " ".join(targets)
    code, output = {
        "learner": lambda: place.learner(f"/data/probe {asked}"),
        "root": lambda: place.root(f"/data/probe {asked}"),
        "privileged": lambda: place.learner(f"{NESTED} /probe {asked}"),
        "privileged, in the sandbox's files": lambda: place.learner(f"{NESTED} chroot /host /data/probe {asked}"),
        "owner": lambda: place.owner(f"/data/probe {asked}"),
        "root of the container": lambda: execute(place, "0:0", f"/data/probe {asked}"),
        "the warehouse's user": lambda: execute(place, "5000:5000", f"/data/probe {asked}"),
    }[who]()
    assert code == 0, output
    return dict(line.split("\t") for line in output.splitlines())


def found(place, who: str, targets: list[str]) -> list[str]:
    return [name for name, outcome in outcomes(place, who, targets).items() if outcome in FOUND]


def execute(place, user: str, command: str) -> tuple[int, str]:
    """Run a command in the container as someone the platform never runs anything as."""
    made = engine.client().exec_create(place.container_id, ["sh", "-c", command], user=user)
    output = engine.client().exec_start(made["Id"]).decode()
    return engine.client().exec_inspect(made["Id"])["ExitCode"], output


# --- with everything in its place ---

EVERYBODY = ["learner", "root", "privileged", "privileged, in the sandbox's files", "owner"]


@pytest.fixture(scope="module")
def probed(alices):
    fetch(alices)
    return alices


@pytest.mark.parametrize("who", EVERYBODY)
def test_every_probe_is_refused(probed, of_the_host, of_a_neighbour, who):
    results = outcomes(probed, who, [*of_the_host, *of_a_neighbour, *DOORS])
    assert len(results) > 120
    assert {name: outcome for name, outcome in results.items() if outcome in FOUND} == {}


def test_the_hosts_files_are_not_had_by_mounting_them(probed, of_the_host):
    (secret,) = (target.removeprefix("file:") for target in of_the_host if target.startswith("file:"))
    code, output = probed.learner(f"docker run --rm -v {Path(secret).parent}:/x {IMAGE} ls -A /x")
    assert (code, output) == (0, "")  # an empty directory of the sandbox's own


@pytest.mark.parametrize("device", ["/dev/vda", "/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/net/tun"])
def test_no_device_of_the_host_is_given_to_a_container(probed, device):
    code, output = probed.learner(f"docker run --rm --device {device} {IMAGE} true")
    assert code != 0
    assert "no such file or directory" in output


def test_the_daemon_is_not_the_hosts(probed):
    assert probed.learner("docker info --format '{{.ID}}'")[1].strip() != engine.client().info()["ID"]


# --- with one defence taken away, the matching probe gets through ---


def secured(config: dict, name: str, value: str | None) -> None:
    kept = [option for option in config["SecurityOpt"] if option.partition("=")[0] != name]
    config["SecurityOpt"] = kept + ([f"{name}={value}"] if value else [])


def every_call(config: dict) -> None:
    """All but the newer way to mount, without which programs take the older: with it, there is no sandbox to probe."""
    rule = seccomp.refuse(MOUNTING, seccomp.ENOSYS)
    secured(config, "seccomp", json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}))


def new_privileges(config: dict) -> None:
    secured(config, "no-new-privileges", None)


def writable_root(config: dict) -> None:
    config["ReadonlyRootfs"] = False


def a_network(config: dict) -> None:
    config["NetworkMode"] = "bridge"


def the_hosts_processes(config: dict) -> None:
    config["PidMode"] = "host"


def a_device(config: dict) -> None:
    config["Devices"] = [{"PathOnHost": "/dev/fuse", "PathInContainer": "/dev/fuse", "CgroupPermissions": "rwm"}]


def usual_capabilities(config: dict) -> None:
    config["CapDrop"] = []


def writable_warehouse(config: dict) -> None:
    config["Binds"] = [bind.replace(":/warehouse:ro", ":/warehouse") for bind in config["Binds"]]


def no_apparmor(config: dict) -> None:
    """The sandbox as it is where there is no AppArmor."""
    secured(config, "apparmor", "unconfined")


SETTINGS = {"write /proc/sys/kernel/core_pattern", "write /proc/sys/vm/drop_caches", "write /proc/sys/fs/file-max"}
CALLS = {"call keyctl", "call ptrace", "call process_vm_readv", "call kcmp", "socket netlink generic"}


@pytest.mark.parametrize(
    ("change", "who", "expected"),
    [
        (every_call, "learner", CALLS | {"switch off the randomizing of addresses"}),
        (every_call, "root", CALLS | {"socket packet", "socket netlink xfrm"}),
        (new_privileges, "owner", {"become root by a program"}),
        (writable_root, "learner", {"write /var/tmp/probe"}),
        (the_hosts_processes, "owner", {"process:86413"}),
        (a_device, "root of the container", {"write /dev/fuse"}),
        (usual_capabilities, "root of the container", {"make a block device"}),
        (writable_warehouse, "the warehouse's user", {"write /warehouse/probe"}),
        # The user namespace cannot be taken away: there is no daemon without. This is who root inside would be.
        (no_apparmor, "root of the container", SETTINGS),
    ],
)
def test_without_a_defence_its_probe_gets_through(weakened, of_the_host, change, who, expected):
    place = weakened(change)
    fetch(place)
    assert expected - set(found(place, who, of_the_host)) == set()


def test_with_a_network_the_owner_gets_out_and_still_nobody_inside(weakened, of_the_host):
    place = weakened(a_network)
    fetch(place)
    hosts = {target for target in of_the_host if target.startswith("tcp:") and target != METADATA}
    seen = outcomes(place, "owner", of_the_host)
    assert {target for target in hosts if seen[target] in FOUND} == hosts
    assert seen[METADATA] != "ENETUNREACH"
    assert hosts.isdisjoint(found(place, "root", of_the_host))  # whose network is another


def test_with_a_path_of_the_host_its_file_is_found(weakened, of_the_host):
    (target,) = (target for target in of_the_host if target.startswith("file:"))
    directory = Path(target.removeprefix("file:")).parent
    place = weakened(lambda config: config["Binds"].append(f"{directory}:/mnt:ro"))
    fetch(place)
    assert found(place, "learner", ["file:/mnt/secret"]) == ["file:/mnt/secret"]


def test_with_its_directory_open_the_warehouse_is_reached_past_the_proxy(probed):
    target = DOORS[0]
    try:
        warehouse.run(["chmod", "o=rwx", "/warehouse", "/warehouse/registry.sock"])
        assert target in found(probed, "learner", [target])
    finally:
        warehouse.run(["chmod", "o=", "/warehouse", "/warehouse/registry.sock"])
    assert target not in found(probed, "learner", [target])
