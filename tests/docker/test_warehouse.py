"""The warehouse: who pulls what from it, and that it keeps its shelves in order."""

import json

import pytest

from sandbox import engine, images, warehouse

POHA = "warehouse:5000/sarafa/poha"


def requests_of(place, since: int = 0) -> list[str]:
    """What the warehouse answered to one sandbox, as "method path status"."""
    lines = [json.loads(line) for _, line in warehouse.log(since)]
    return [
        f"{line['http.request.method']} {line['http.request.uri']} {line['http.response.status']}"
        for line in lines
        if line["msg"] == "response completed" and line["http.request.remoteaddr"] == place.spec.address
    ]


def last_moment() -> int:
    return warehouse.log()[-1][0]


@pytest.mark.parametrize("dish", images.DISHES)
def test_every_dish_is_served(alices, dish):
    code, output = alices.learner(f"docker run --rm warehouse:5000/sarafa/{dish}")
    assert code == 0
    assert dish.replace("-", " ").upper() in output


def test_a_stall_stays_open_and_closes_at_once(alices):
    alices.learner("docker run -d --name open warehouse:5000/sarafa/garadu open")
    address = alices.learner("docker inspect -f '{{.NetworkSettings.IPAddress}}' open")[1].strip()
    code, page = alices.learner(f"curl -fsS --retry 5 --retry-connrefused http://{address}/")
    assert code == 0
    assert "GARADU" in page
    code, output = alices.learner("docker exec open sh -c 'echo x > /counter/note && hostname && ps && ip addr'")
    assert code == 0, output
    assert alices.learner("docker stop open", timeout=5)[0] == 0
    assert "The stall is closed." in alices.learner("docker logs open")[1]


def test_a_pull_is_in_the_log_under_the_sandboxs_own_address(fresh, charlies):
    since = last_moment()
    fresh.learner(f"docker pull {POHA}")
    seen = requests_of(fresh, since)
    assert "HEAD /v2/sarafa/poha/manifests/latest 200" in seen
    assert any(line.startswith("GET /v2/sarafa/poha/blobs/") for line in seen)
    assert requests_of(charlies, since) == []


def test_an_image_in_the_cache_is_not_asked_for_again(fresh):
    fresh.learner(f"docker run --rm {POHA}")
    since = last_moment()
    assert fresh.learner(f"docker run --rm {POHA}")[0] == 0
    assert requests_of(fresh, since) == []


def test_nobody_passes_for_another(alices, charlies):
    since = last_moment()
    forged = f"-H 'X-Forwarded-For: {charlies.spec.address}' -H 'X-Real-IP: {charlies.spec.address}'"
    asked = f"curl -fsS {forged} 'http://warehouse:5000/token?scope=repository:sarafa/poha:pull' | jq -r .token"
    bearer = f'-H "Authorization: Bearer $({asked})"'
    assert alices.learner(f"curl -fsS {forged} {bearer} http://warehouse:5000/v2/sarafa/poha/tags/list")[0] == 0
    assert requests_of(charlies, since) == []
    assert requests_of(alices, since) == ["GET /v2/sarafa/poha/tags/list 200"]


@pytest.mark.parametrize("socket", ["registry.sock", "door.sock"])
@pytest.mark.parametrize("who", ["learner", "root"])
def test_nobody_inside_gets_past_the_proxy(alices, who, socket):
    code, output = getattr(alices, who)(f"curl -sS --unix-socket /warehouse/{socket} http://warehouse/v2/")
    assert code != 0
    assert "Could not connect" in output
    assert getattr(alices, who)("pgrep nginx") == (1, "")


def test_a_learner_with_every_connection_open_leaves_others_theirs(fresh, charlies):
    flood = "for i in $(seq 900); do exec {fd}<>/dev/tcp/127.0.0.1/5000; printf GET >&$fd; sleep 0.01; done; sleep 60"
    fresh.learner(f"nohup bash -c '{flood}' > /dev/null 2>&1 &")
    # What gets in all the same, but no further, is answered with a 503.
    taken = "for i in $(seq 50); do curl -fsS -m 2 http://warehouse:5000/token || exit 0; sleep 0.2; done; exit 1"
    assert fresh.learner(taken, timeout=50)[0] == 0  # after a while all its own are
    assert charlies.learner("curl -sS -m 2 http://warehouse:5000/v2/")[0] == 0
    assert charlies.learner("curl -fsS -m 2 http://warehouse:5000/token")[0] == 0


def test_stocking_it_again_moves_nothing(installation):
    assert warehouse.seed(images.stock()) == []


def test_only_what_changed_is_stocked(fresh):
    stock = images.stock()
    assert warehouse.seed(stock | {"new-dish": stock["jalebi"]}) == ["new-dish"]
    assert "JALEBI" in fresh.learner("docker run --rm warehouse:5000/sarafa/new-dish")[1]
    assert warehouse.seed(stock) == []


def test_opening_it_again_leaves_it_be(installation):
    before = engine.client().inspect_container(warehouse.container_name())["Id"]
    warehouse.ensure_running()
    assert engine.client().inspect_container(warehouse.container_name())["Id"] == before
    assert warehouse.status() == "ok"


def test_while_it_is_closed_pulls_fail_and_then_work_again(fresh):
    warehouse.stop()
    try:
        assert warehouse.status() == "not started"
        assert fresh.learner(f"docker pull {POHA}")[0] != 0
    finally:
        warehouse.ensure_running()
        warehouse.await_door()
    assert fresh.learner(f"docker pull {POHA}")[0] == 0


def test_one_that_was_killed_opens_again(fresh):
    engine.client().kill(warehouse.container_name())
    warehouse.ensure_running()
    warehouse.await_door()
    assert fresh.learner(f"docker pull {POHA}")[0] == 0


def test_it_runs_with_nothing_it_does_not_need(installation):
    found = engine.client().inspect_container(warehouse.container_name())
    host = found["HostConfig"]
    assert found["Config"]["User"] == "5000:5000"
    assert host["NetworkMode"] == "none"
    assert host["CapDrop"] == ["ALL"]
    assert host["ReadonlyRootfs"]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert "PRIVATE" not in json.dumps(found)  # of the platform's key it has the certificate


@pytest.mark.parametrize("image", images.STAND_INS)
def test_names_of_the_world_are_found_without_a_world(alices, image):
    code, output = alices.learner(f"docker pull {image}")
    assert code == 0, output


def test_the_first_image_of_every_tutorial_says_that_it_is_a_stand_in(fresh):
    since = last_moment()
    output = fresh.learner("docker run --rm hello-world")[1]
    assert "Hello from Docker!" in output
    assert "stand-in" in output
    assert "HEAD /v2/library/hello-world/manifests/latest 200" in requests_of(fresh, since)


def test_a_web_server_serves_and_a_shell_is_a_shell(fresh):
    fresh.learner("docker run -d --name web -p 8080:80 nginx")
    code, page = fresh.learner("curl -fsS --retry 5 --retry-connrefused http://127.0.0.1:8080/")
    assert code == 0, page
    assert "Welcome to nginx!" in page
    assert '"GET / HTTP/1.1" 200' in fresh.learner("docker logs web")[1]
    assert fresh.learner("docker stop web", timeout=8)[0] == 0
    assert "stand-in" in fresh.learner("docker run --rm alpine cat /etc/os-release")[1]


def test_a_build_finds_them_too(fresh):
    build = "printf 'FROM alpine\nRUN echo mine > /mine\n' | docker build -q -t mine -; docker run --rm mine cat /mine"
    assert "mine" in fresh.learner(build)[1]


def test_one_that_is_not_there_is_refused_at_once(fresh):
    code, output = fresh.learner("docker run --rm no-such-dish", timeout=8)
    assert code == 125
    assert "lookup registry-1.docker.io" in output
