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
    assert "GET /v2/ 200" in seen
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
    alices.learner(f"curl -fsS {forged} http://warehouse:5000/v2/sarafa/poha/tags/list")
    assert requests_of(charlies, since) == []
    assert requests_of(alices, since) == ["GET /v2/sarafa/poha/tags/list 200"]


@pytest.mark.parametrize("who", ["learner", "root"])
def test_nobody_inside_gets_past_the_proxy(alices, who):
    code, output = getattr(alices, who)("curl -sS --unix-socket /warehouse/registry.sock http://warehouse/v2/")
    assert code != 0
    assert "Could not connect" in output
    assert getattr(alices, who)("pgrep nginx") == (1, "")


def test_a_learner_with_every_connection_open_leaves_others_theirs(fresh, charlies):
    flood = "for i in $(seq 200); do exec {fd}<>/dev/tcp/127.0.0.1/5000; printf GET >&$fd; done; sleep 5"
    fresh.learner(f"nohup bash -c '{flood}' > /dev/null 2>&1 &")
    assert fresh.learner("sleep 1; curl -sS -m 2 http://warehouse:5000/v2/")[0] != 0  # all its own are taken
    assert charlies.learner("curl -fsS -m 2 http://warehouse:5000/v2/")[0] == 0


def test_it_takes_nothing_in(alices):
    before = warehouse.in_stock()
    code, _ = alices.learner(f"docker pull {POHA}; docker tag {POHA} {POHA}:mine; docker push {POHA}:mine")
    assert code != 0
    assert "mine" not in alices.learner("curl -sS http://warehouse:5000/v2/sarafa/poha/tags/list")[1]
    assert alices.learner("curl -fsS -X DELETE http://warehouse:5000/v2/sarafa/poha/manifests/latest")[0] != 0
    assert warehouse.in_stock() == before


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
    assert fresh.learner(f"docker pull {POHA}")[0] == 0


def test_one_that_was_killed_opens_again(fresh):
    engine.client().kill(warehouse.container_name())
    warehouse.ensure_running()
    assert fresh.learner(f"docker pull {POHA}")[0] == 0


def test_it_runs_with_nothing_it_does_not_need(installation):
    found = engine.client().inspect_container(warehouse.container_name())
    host = found["HostConfig"]
    assert found["Config"]["User"] == "5000:5000"
    assert host["NetworkMode"] == "none"
    assert host["CapDrop"] == ["ALL"]
    assert host["ReadonlyRootfs"]
    assert "no-new-privileges" in host["SecurityOpt"]
