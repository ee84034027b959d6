"""What a sandbox can do, what it cannot, and what it survives: as the learner meets it, with production's limits."""

import time
from pathlib import Path

import pytest

from sandbox import containers, engine

POHA = "warehouse:5000/sarafa/poha"


def eventually(check, seconds: float = 15) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.2)
    return False


def test_everything_docker_does_works_inside(fresh, registry):
    script = Path(__file__).with_name("features.sh").read_text()
    features = script.count("\ntry ")
    assert features > 50
    code, output = fresh.learner(script, timeout=240)
    assert code == 0, output
    assert output.splitlines()[-1] == f"{features} of {features}"


# --- the learner at the prompt ---


def test_a_shell_is_the_learners_and_says_nothing_by_itself(alices):
    assert alices.learner("bash -lc true") == (0, "")
    assert alices.learner("id -un; pwd; hostname; echo $LANG") == (
        0,
        "learner\n/home/learner\nsarafa\nC.UTF-8\n",
    )
    assert alices.learner("docker --version")[0] == 0


def test_the_prompt_names_learner_and_place(alices):
    _, output = alices.learner("script -qec 'bash -li' /dev/null <<< exit")
    assert "learner@sarafa" in output
    assert "no job control" not in output


def test_commands_complete(alices):
    script = "_complete_later docker; complete -p docker"
    _, output = alices.learner(f"PS1=x; . /etc/bash.bashrc; {script}")
    assert "docker" in output
    assert "no completion" not in output


def test_the_keeper_is_there(alices):
    assert alices.learner("test -x /sbx/keeper")[0] == 0


def test_enter_knows_two_users_only(alices):
    code, output = alices.owner("/sbx/enter -u bob true")
    assert code == 64
    assert "bob" in output


# --- out of reach: see test_probes.py, too ---


def test_the_learner_has_no_capability_and_gets_none(alices):
    _, status = alices.learner("cat /proc/self/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"


def test_nothing_runs_as_root_of_the_container(alices):
    _, owners = alices.owner("stat -c '%u %n' /proc/[0-9]*")
    uids = {int(line.split()[0]) for line in owners.splitlines() if line[0].isdigit()}
    assert containers.ROOT_UID in uids  # the daemon is seen at all
    assert 0 not in uids


def test_no_id_inside_is_the_owners(alices):
    assert alices.root(f"setpriv --reuid {alices.spec.owner_uid} --clear-groups id")[0] != 0
    code, output = alices.learner(f"docker run --rm --user {alices.spec.owner_uid} {POHA} id")
    assert code != 0
    assert "uid=" not in output


def test_there_is_no_way_out_but_to_the_warehouse(alices):
    _, routes = alices.learner("ip -4 route; ip -6 route show default")
    assert "default" not in routes
    assert alices.learner("curl -sS -m 2 http://192.0.2.1/")[0] != 0
    assert alices.learner("curl -sS -m 2 http://example.org/")[0] != 0
    assert alices.learner("curl -fsS -m 2 http://warehouse:5000/token")[0] == 0


def test_the_record_of_where_to_enter_is_not_the_learners(alices):
    before = alices.owner("cat /run/sandbox/pid")
    alices.root("umount -l /run; echo 1 > /run/sandbox/pid; rm -f /run/sandbox/pid; mount -o remount,rw /run/sandbox")
    assert alices.owner("cat /run/sandbox/pid") == before


# --- its services: what is survived of attacks is in test_hostile.py ---


@pytest.mark.parametrize("service", ["containerd", "dockerd"])
def test_a_service_that_dies_is_started_again(fresh, service):
    assert fresh.works()
    assert fresh.root(f"pkill -KILL -x {service}")[0] == 0
    assert eventually(lambda: fresh.works())


def test_it_ends_at_once_when_it_is_told_to(fresh):
    started = time.monotonic()
    engine.client().stop(fresh.container_id, timeout=10)
    assert time.monotonic() - started < 8  # seconds; of the ten after which it would be killed
