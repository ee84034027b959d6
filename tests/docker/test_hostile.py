"""Hostile guests: each takes all it can get, in a terminal, in a container or as root of its sandbox. Meanwhile the
engine outside answers within a second and a neighbour works on; afterwards the guest's own daemon works.

Each bound has a test with the bound moved, too, in which the same attack gets further: without the bound, the first
would fail. These attacks end by themselves, so that a bound that is missing does no harm to the machine.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sandbox import containers, engine
from tests.liar import LIES, put_liar

POHA = "warehouse:5000/sarafa/poha"


def eventually(check: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.2)
    return False


def seconds(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


@pytest.fixture(autouse=True)
def undisturbed(charlies) -> Iterator[None]:
    """See to it that the engine answers within a second all the while, and that the neighbour is served."""
    over, answers, orders = threading.Event(), [], []

    def ask() -> None:
        client = engine.connect()
        while not over.wait(0.3):
            # Asked twice: a machine that does other things, too, may be late once. Under an attack it would be again.
            answers.append(min(seconds(client.info), seconds(client.info)))

    def order() -> None:
        while True:
            orders.append(charlies.learner(f"docker run --rm {POHA}"))
            if over.wait(1):
                return

    watchers = [threading.Thread(target=ask), threading.Thread(target=order)]
    for watcher in watchers:
        watcher.start()
    yield
    over.set()
    for watcher in watchers:
        watcher.join()
    assert max(answers, default=0) < 1
    assert [output for code, output in orders if code] == []
    assert any("POHA" in output for _, output in orders)


def background(command: str) -> str:
    """Have a shell leave the command running by itself."""
    return f"setsid nohup bash -c '{command}' > /dev/null 2>&1 &"


# --- processes ---

BOMB = "bomb() { bomb | bomb & }; bomb"


def comers(size: int) -> str:
    return f"i=0; while [ $i -lt {size} ]; do sleep 8{size} & i=$((i + 1)); done; wait"


def crowd(place, size: int) -> int:
    """Count those that came, once no more do. The engine counts: inside there may be no room for one who does."""
    counts = [-2, -1]
    while counts[-1] < size and counts[-1] != counts[-2]:
        time.sleep(1)
        processes = engine.client().top(place.container_id, "-eo pid,args")["Processes"]
        counts.append(sum(command == f"sleep 8{size}" for _, command in processes))
    return counts[-1]


def come_to_terminals(place, size: int) -> int:
    place.learner(background(comers(size)))
    return crowd(place, size)


def come_to_a_container(place, size: int) -> int:
    place.learner(f"docker run -d --name crowd {POHA} sh -c '{comers(size)}'")
    return crowd(place, size)


def come_as_root(place, size: int) -> int:
    place.root(background(comers(size)))
    return crowd(place, size)


def test_a_fork_bomb_in_a_terminal(fresh):
    fresh.learner(background(BOMB))
    time.sleep(2)
    assert fresh.root("docker ps")[0] == 0
    assert fresh.learner("true")[0] == 75
    fresh.root("for i in 1 2 3; do pkill -KILL -u learner; done")
    assert eventually(lambda: fresh.works())


def test_terminals_full_of_programs_say_so(fresh):
    assert come_to_terminals(fresh, 200) < 128
    code, output = fresh.learner("true")
    assert code == 75
    assert "as many programs as they may: 128." in output
    fresh.root("pkill -KILL -u learner")
    assert eventually(lambda: fresh.works())


def test_a_fork_bomb_in_a_container(fresh):
    fresh.learner(f"docker run -d --name bomb {POHA} sh -c '{BOMB}; sleep 60'")
    time.sleep(2)
    assert fresh.learner("docker ps")[0] == 0
    assert fresh.learner("docker rm -f bomb")[0] == 0
    assert eventually(lambda: fresh.works())


def test_a_crowd_in_a_container(fresh):
    assert come_to_a_container(fresh, 400) < 307
    assert fresh.learner("docker rm -f crowd")[0] == 0
    assert eventually(lambda: fresh.works())


def test_a_crowd_of_roots_wrecks_its_own_sandbox_which_can_be_removed(fresh):
    assert come_as_root(fresh, 600) < 512
    assert fresh.learner("true")[0] != 0
    containers.remove(fresh.container)


def test_with_room_for_more_processes_more_come(settings, new_place):
    settings.SANDBOX_PIDS = 2000
    place = new_place()
    assert come_to_terminals(place, 200) == 200
    assert come_to_a_container(place, 400) == 400
    assert come_as_root(place, 600) == 600


def test_a_thousand_containers(fresh):
    create = f"""-d '{{"Image": "{POHA}", "Cmd": ["sleep", "600"]}}' 'http://d/containers/create?name=c[1-1000]'"""
    start = "-X POST 'http://d/containers/c[1-60]/start'"
    ask = "curl -sS --unix-socket /run/docker.sock -H 'Content-Type: application/json'"
    fresh.learner(f"docker pull -q {POHA}; {ask} {create}; timeout 12 {ask} {start}", timeout=90)
    # As full as it is, a command may not come in at once.
    assert eventually(lambda: fresh.learner("docker ps -aq | wc -l") == (0, "1000\n"))
    assert eventually(lambda: fresh.learner("(($(docker ps -q | wc -l) < 60)) && docker ps -q | grep -q .")[0] == 0)
    assert eventually(lambda: fresh.learner("docker ps -q | xargs -r docker rm -f")[0] == 0)
    assert eventually(lambda: fresh.works())


# --- memory ---


def hog(megabytes: int) -> str:
    return f"dd if=/dev/zero of=/dev/null bs={megabytes}M count=1"


def test_a_shell_that_eats_all_memory(fresh):
    assert fresh.learner("tail /dev/zero", timeout=60)[0] == 137
    assert fresh.works()


def test_a_container_that_eats_all_memory(fresh):
    fresh.learner("setsid nohup sleep 600 > /dev/null 2>&1 &")
    assert fresh.learner(f"docker run --rm {POHA} tail /dev/zero", timeout=60)[0] == 137
    assert fresh.learner("pgrep -x sleep")[0] == 0
    assert fresh.works()


def test_memory_ends_where_it_is_said_to(fresh):
    assert fresh.learner(hog(450))[0] == 0
    assert fresh.learner(hog(550))[0] == 137
    assert fresh.learner(f"docker run --rm {POHA} {hog(650)}")[0] == 137
    assert fresh.root(hog(1100))[0] == 137  # who is in neither bound, but in the sandbox's
    assert eventually(lambda: fresh.works())


def test_with_more_memory_more_is_had(settings, new_place):
    settings.SANDBOX_MEMORY = "2g"
    place = new_place()
    assert place.learner(hog(550))[0] == 0
    assert place.learner(f"docker run --rm {POHA} {hog(650)}")[0] == 0
    assert place.root(hog(1100))[0] == 0


def test_memory_that_no_process_has_counts_too(fresh):
    fill = "mkdir /m; mount -t tmpfs -o size=2g m /m && dd if=/dev/zero of=/m/x bs=1M count=900"
    assert fresh.learner(f"docker run --rm --privileged {POHA} sh -c '{fill}'")[0] == 137
    assert eventually(lambda: fresh.works())


# --- disk ---

MANY_FILES = "mkdir m; cd m; seq 70000 | xargs touch"


def test_a_full_disk_is_mended_by_removing(fresh):
    code, output = fresh.learner("head -c 450M /dev/zero > big")
    assert code != 0
    assert "No space left on device" in output
    assert fresh.learner("docker ps")[0] == 0
    assert fresh.learner("rm big")[0] == 0
    assert fresh.works()


def test_a_container_that_fills_the_disk(fresh):
    fill = "dd if=/dev/zero of=/big bs=1M count=450"
    code, output = fresh.learner(f"docker run --name glutton {POHA} sh -c '{fill}'")
    assert code != 0
    assert "No space left on device" in output
    assert fresh.learner("docker rm glutton")[0] == 0
    assert fresh.works()


def test_a_disk_with_no_room_for_one_more_file(fresh):
    code, output = fresh.learner(MANY_FILES)
    assert code != 0
    assert "No space left on device" in output
    assert fresh.learner("docker ps")[0] == 0
    assert fresh.learner("rm -r m")[0] == 0
    assert fresh.works()


def test_with_a_larger_disk_more_is_written(settings, weakened):
    settings.SANDBOX_DISK = "500m"

    def more_files(config: dict) -> None:
        config["Tmpfs"]["/data"] = config["Tmpfs"]["/data"].replace("nr_inodes=60000", "nr_inodes=100000")

    place = weakened(more_files)
    assert place.learner("head -c 450M /dev/zero > big && rm big")[0] == 0
    assert place.learner(MANY_FILES) == (0, "")


# --- logs ---

# Root of the sandbox puts a program of its own in the daemon's place; what it prints goes where the daemon's log went.
FLOOD = """
    printf '#!/bin/sh\\ntimeout 3 yes of words and words and words; sleep 600' > /data/flood; chmod +x /data/flood
    nsenter -t 1 -m mount --bind /data/flood /usr/sbin/dockerd; pkill -KILL -x dockerd"""
UNMETERED = "#!/bin/sh\nexec cat\n"
MEBIBYTE = 1 << 20
A_FILE_OF_LINES = 40_000  # of the flood, fill one of the two files that the engine turns over: it keeps at least one


def flooded(place) -> bytes:
    """Return what the engine outside has kept of the flood."""
    assert place.root(FLOOD) == (0, "")
    time.sleep(4)
    log = bytearray()
    for chunk in engine.client().logs(place.container_id, stream=True, follow=False):
        log += chunk
        if len(log) > 5 * MEBIBYTE:
            break
    return bytes(log)


@pytest.fixture
def unmetered(tmp_path) -> Callable[[dict], None]:
    script = tmp_path / "meter"
    script.write_text(UNMETERED)
    script.chmod(0o755)
    return lambda config: config["Binds"].append(f"{script}:/sbx/meter:ro")


def unbounded(config: dict) -> None:
    config["LogConfig"] = {"Type": "json-file", "Config": {}}


def test_a_flood_in_the_daemons_log_is_let_through_slowly(fresh):
    assert 1000 < flooded(fresh).count(b"\nof words") < A_FILE_OF_LINES
    fresh.root("nsenter -t 1 -m umount --lazy /usr/sbin/dockerd; pkill -KILL -x sleep")
    assert eventually(lambda: fresh.works())
    assert b"dockerd ended (" in engine.client().logs(fresh.container_id)


def test_a_flood_that_is_not_slowed_is_forgotten_but_for_the_end(weakened, unmetered):
    log = flooded(weakened(unmetered))
    assert log.count(b"\nof words") > A_FILE_OF_LINES
    assert len(log) < 4 * MEBIBYTE


def test_with_neither_bound_the_flood_is_kept(weakened, unmetered):
    def both(config: dict) -> None:
        unmetered(config)
        unbounded(config)

    assert len(flooded(weakened(both))) > 4 * MEBIBYTE


def test_a_container_that_floods_its_log(fresh):
    fresh.learner(f"docker run -d --name parrot {POHA} timeout 6 yes of words and words and words")
    time.sleep(4)
    assert fresh.learner("docker ps")[0] == 0
    _, size = fresh.root("cat /var/lib/docker/containers/*/*-json.log* | wc -c")
    assert MEBIBYTE < int(size) < 13 * MEBIBYTE
    assert fresh.learner("docker rm -f parrot")[0] == 0
    assert fresh.works()


# --- the processor ---

BURN = "for i in 1 2 3 4; do timeout 5 sh -c 'while :; do :; done' & done"


def burnt(place) -> tuple[float, int]:
    """Return how many processors it had, and how often it was held back."""
    place.learner(f"({BURN}) > /dev/null 2>&1 < /dev/null; docker run -d {POHA} timeout 5 sh -c 'while :; do :; done'")
    before = engine.client().stats(place.container_id, stream=False)["cpu_stats"]
    started = time.monotonic()
    time.sleep(3)
    after = engine.client().stats(place.container_id, stream=False)["cpu_stats"]
    used = after["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    return used / 1e9 / (time.monotonic() - started), after["throttling_data"]["throttled_periods"]


def test_who_burns_has_one_processor(fresh):
    held_back = 0
    for _ in range(5):  # where others want the processors, too, it is not held back: it gets less by its weight
        processors, held_back = burnt(fresh)
        assert processors < 1.2
        if held_back:
            break
    assert held_back > 0
    assert fresh.works()


def test_without_a_bound_on_processors_nobody_is_held_back(weakened):
    place = weakened(lambda config: config.update(NanoCpus=0))
    assert burnt(place)[1] == 0


# --- files, sockets, what the kernel keeps for each user ---

OPEN_ALL = (
    """perl -MSocket -e 'my @kept; while (socket(my $s, AF_UNIX, SOCK_STREAM, 0)) { push @kept, $s } print 0 + @kept'"""
)


def test_sockets_end_with_the_files_a_process_may_open(fresh):
    code, opened = fresh.learner(OPEN_ALL)
    assert code == 0
    assert 4000 < int(opened) < 4096
    assert fresh.works()


def test_a_flood_of_sockets_from_every_process(fresh):
    many = OPEN_ALL.replace("print 0 + @kept", "sleep 5").replace("'", '"').replace("$", "\\$")
    fresh.learner(f"for i in $(seq 40); do {many} & done > /dev/null 2>&1; sleep 4", timeout=15)
    assert eventually(lambda: fresh.works())


def test_with_more_files_more_sockets_are_opened(weakened):
    def more_files(config: dict) -> None:
        for limit in config["Ulimits"]:
            limit.update(Soft=8192, Hard=8192)

    assert int(weakened(more_files).learner(OPEN_ALL)[1]) > 4096


# --- what the kernel keeps for each user ---

# Make watchers of files, of which a user may have 128, say how many, and hold them for so many seconds.
WATCH = (
    "perl -MPOSIX -e '$| = 1; my ($n, $call) = (0, (uname)[4] eq q(x86_64) ? 294 : 26); "
    "$n++ while $n < 200 && syscall($call, 0) >= 0; print qq($n\\n); sleep shift'"
)


def hold_watchers(place) -> int:
    place.root(f"setsid nohup {WATCH} 600 > /data/watchers 2>&1 & sleep 1")
    return int(place.root("cat /data/watchers")[1])


def test_what_a_user_may_have_of_the_kernel_is_each_sandboxs_own(fresh, charlies):
    assert 50 < hold_watchers(fresh) < 200
    assert fresh.learner(f"{WATCH} 0") == (0, "0\n")
    assert int(charlies.learner(f"{WATCH} 0")[1]) > 50


def test_of_two_with_one_owner_the_second_would_go_without(fresh, new_spec):
    assert 50 < hold_watchers(fresh) < 200
    spec = replace(new_spec(), owner_uid=fresh.spec.owner_uid)
    container = containers.create(spec)
    watch = ["bash", "-c", f"{WATCH} 0"]
    try:
        assert eventually(lambda: containers.run_as_learner(container, spec.owner_uid, watch) == (0, "0\n"))
    finally:
        containers.remove(container)


def test_a_flood_of_interfaces_and_namespaces(fresh):
    flood = "i=0; while i=$((i + 1)); do ip link add a$i type veth peer name b$i; ip netns add n$i; done"
    assert fresh.root(f"timeout 6 sh -c '{flood}' > /dev/null 2>&1; ip -oneline link | wc -l")[1].strip().isdigit()
    assert fresh.works()


# --- the services, and the checks ---


def test_who_kills_everything_gets_it_back(fresh):
    holder = threading.Thread(target=fresh.owner, args=("sleep 8.6415",))
    holder.start()
    assert fresh.root("pgrep -f '^sleep 8.641[5]'")[0] == 1  # what the platform runs is not seen from inside
    fresh.root("kill -KILL -1")
    assert fresh.owner("pgrep -f '^sleep 8.641[5]'")[0] == 0
    assert eventually(lambda: fresh.works())
    assert b"its services were ended, and are started again" in engine.client().logs(fresh.container_id)
    holder.join()


def test_a_daemon_that_lies_is_caught_or_fools_its_learner_alone(fresh):
    for lie in LIES:
        put_liar(fresh, lie)
        with pytest.raises(engine.EngineError, match="did not answer"):
            fresh.facts()
    assert fresh.owner("ls /data/x")[0] != 0
