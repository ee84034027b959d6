"""The service as docker-compose.yml describes it, built and started by one command: what it does, and what binds it."""

import json
import re
import subprocess
import threading
import urllib.request
from collections.abc import Callable

from platform_under_test import Learner, until

from tests.browser.test_day_two import test_a_first_order_is_served_seen_and_ticked
from tests.deploy.deployment import KEPT, Deployment, run

__all__ = ["test_a_first_order_is_served_seen_and_ticked"]  # the newcomer's journey, here over TLS

REACHES_ENGINE = {"stream", "visits", "worker", "tokens", "prepare"}
LESSON = "/courses/sarafa-bazaar/day-2/"

TRY_EVERYTHING = """
import json, socket, struct, subprocess, django
django.setup()
from sandbox import engine
search = ["find", "/", "-not", "(", "-path", "/proc", "-prune", ")", "-type", "s"]
found = subprocess.run(search, capture_output=True, text=True).stdout.split()
gateway = next(line.split()[2] for line in open("/proc/net/route") if line.split()[1] == "00000000")
host = socket.inet_ntoa(struct.pack("<L", int(gateway, 16)))
for port in (2375, 2376, 2377):
    try:
        socket.create_connection((host, port), 2).close()
        found.append(f"{host}:{port}")
    except OSError:
        pass
try:
    engine.ping()
    found.append("an engine")
except engine.EngineUnreachable:
    pass
print(json.dumps(found))
"""


def test_every_service_is_well(deployment: Deployment):
    found = deployment.containers()
    assert set(found) == {*KEPT, "prepare"}
    until(lambda: {health_of(deployment, name) for name in KEPT} == {"healthy"}, 15, "health")
    [prepared] = found["prepare"]
    assert prepared["State"]["ExitCode"] == 0
    assert deployment.get("/readyz")[0] == 200


def health_of(deployment: Deployment, service: str) -> str:
    [facts] = deployment.containers()[service]
    return str(facts["State"]["Health"]["Status"])


def test_every_container_is_bound(deployment: Deployment):
    for service, [facts] in deployment.containers().items():
        host = facts["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"] and not host["CapAdd"] and not host["Privileged"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"] and host["NanoCpus"] and host["PidsLimit"], service
        assert host["RestartPolicy"]["Name"] == ("no" if service == "prepare" else "unless-stopped"), service
        assert facts["Config"]["User"] not in {"", "root", "0"}, service


def test_nobody_is_root(deployment: Deployment):
    for service in KEPT:
        [facts] = deployment.containers()[service]
        users = run("docker", "top", facts["Id"], "-o", "pid,uid").split()[3::2]
        assert users and "0" not in users, service


def test_secrets_are_in_files_alone(deployment: Deployment):
    told = json.dumps(deployment.containers())
    for file in deployment.secrets.iterdir():
        assert len(file.read_text()) > 40
        assert file.read_text() not in told


def test_only_those_that_need_the_engine_have_its_socket(deployment: Deployment):
    found = deployment.containers()
    having = {name for name, [facts] in found.items() if "docker.sock" in json.dumps(facts["Mounts"])}
    assert having == REACHES_ENGINE


def test_lessons_are_served_without_any_way_to_an_engine(deployment: Deployment):
    assert json.loads(deployment.inside("web", TRY_EVERYTHING)) == []
    assert "an engine" in deployment.inside("stream", TRY_EVERYTHING)  # so it would have been found
    assert deployment.get("/")[0] == 200


def test_what_needs_an_engine_is_refused_where_lessons_are(deployment: Deployment):
    ask = """
import urllib.request
try:
    print(urllib.request.urlopen("http://localhost:8000/readyz").status)
except urllib.error.HTTPError as exc:
    print(exc.code)
"""
    assert deployment.inside("web", ask).strip() == "421"
    assert deployment.inside("stream", ask).strip() == "200"


def test_the_certificate_is_of_its_own_authority(deployment: Deployment):
    """And whoever comes without TLS is sent to it."""
    assert deployment.get("/healthz") == (200, "ok")
    asked = urllib.request.Request(f"http://localhost:{deployment.plain_port}/name/?a=b")
    opener = urllib.request.build_opener(NoRedirect)
    assert opener.open(asked).headers["Location"] == f"{deployment.url}/name/?a=b"


class NoRedirect(urllib.request.HTTPErrorProcessor):
    def http_response(self, request, response):
        return response


def test_metrics_are_for_who_has_the_token(deployment: Deployment):
    assert deployment.get("/metrics")[0] == 404
    token = (deployment.secrets / "metrics-token").read_text()
    status, told = deployment.get("/metrics", Authorization=f"Bearer {token}")
    assert status == 200
    assert 'sarafa_ready{part="worker"} 1.0' in told


def test_the_link_signs_the_first_instructor_in_once(deployment: Deployment, arrive: Callable[[], Learner]):
    page = arrive().page
    page.goto(deployment.link)
    page.locator("main form button").click()
    page.wait_for_url("**/account/password/**")
    page.goto(f"{deployment.url}/admin/host/")
    assert "Docker Engine" in page.inner_text("body")
    assert page.request.get(deployment.link).status == 410


def test_what_a_learner_publishes_is_visited_over_tls(deployment: Deployment, arrive: Callable[[], Learner]):
    alice = arrive()
    alice.start()
    alice.run("docker run -d -p 8080:80 nginx")
    port = re.search(r"VISITS_PORT=(\d+)", deployment.settings.read_text())
    with alice.page.context.expect_page() as opened:
        alice.page.evaluate(f"() => window.open('/sandbox/{alice.code}/visit/8080/')")
    opened.value.wait_for_load_state()
    assert re.fullmatch(rf"https://{alice.code}-8080\.localhost:{port[1]}/", opened.value.url)
    assert "nginx" in opened.value.content()


def test_a_shell_outlives_the_process_that_served_it(deployment: Deployment, arrive: Callable[[], Learner]):
    alice = arrive()
    alice.start()
    alice.type("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo tick-$i-$((i*i)); sleep 1; done; echo done-$((20+3))\n")
    until(lambda: "tick-2-4" in alice.screen(), 10, "the command to have begun")
    deployment.compose("up", "-d", "--no-deps", "--force-recreate", "stream")
    until(lambda: "done-23" in alice.screen(), 40, "the command's end")
    assert re.findall(r"^tick-(\d+)-", alice.screen(), re.MULTILINE) == [str(i) for i in range(1, 13)]
    alice.wait_for_prompt()
    assert "again-7" in alice.run("echo again-$((3+4))")


def test_any_process_serves_any_learner(deployment: Deployment, arrive: Callable[[], Learner]):
    """And while one after the other is replaced, no page fails."""
    alice = arrive()
    alice.page.goto(deployment.url)
    alice.page.get_by_test_id("start-learning").first.click()
    alice.page.wait_for_url("**/courses/**")
    cookie = "; ".join(f"{one['name']}={one['value']}" for one in alice.page.context.cookies())
    deployment.compose("up", "-d", "--no-deps", "--no-recreate", "--scale", "web=2", "web")
    try:
        with visits(deployment, cookie) as seen:
            for number in (1, 2):
                until(lambda number=number: own_answer(deployment, cookie, number) == 200, 20, "its answer")
                run("docker", "restart", f"{deployment.project}-web-{number}")
                until(lambda number=number: own_answer(deployment, cookie, number) == 200, 20, "its return")
    finally:
        deployment.compose("up", "-d", "--no-deps", "--no-recreate", "--scale", "web=1", "web")
    assert set(seen) == {200}


ASK_AS_THE_PROXY = """
import socket, sys, urllib.request

class Here(urllib.request.HTTPErrorProcessor):
    def http_response(self, request, response):
        return response

headers = {{"Host": "localhost", "Cookie": {cookie!r}, "X-Forwarded-Proto": "https"}}
for *_kind, (address, _port) in socket.getaddrinfo(socket.gethostname(), 8000, type=socket.SOCK_STREAM):
    try:  # from the network in front, where the proxy is, one is believed
        asked = urllib.request.Request(f"http://{{address}}:8000{path}", headers=headers)
        print(urllib.request.build_opener(Here).open(asked, timeout=10).status)
    except OSError:
        print(0)
"""


def own_answer(deployment: Deployment, cookie: str, number: int) -> int:
    """Return with what one of several processes answers a page that is for learners alone; 0 if it does not."""
    said = deployment.inside("web", ASK_AS_THE_PROXY.format(cookie=cookie, path=LESSON), number)
    return max((int(status) for status in said.split() if status != "301"), default=0)


class visits:
    """Somebody who asks for a lesson again and again meanwhile; yields the statuses of the answers."""

    def __init__(self, deployment: Deployment, cookie: str) -> None:
        self.deployment, self.cookie = deployment, cookie
        self.seen: list[int] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.ask)

    def __enter__(self) -> list[int]:
        self.thread.start()
        return self.seen

    def __exit__(self, *_exc: object) -> None:
        self.over.set()
        self.thread.join(60)

    def ask(self) -> None:
        while not self.over.is_set():
            self.seen.append(self.deployment.get(LESSON, Cookie=self.cookie)[0])
            self.over.wait(0.1)


def test_a_backup_is_made_beside_it(deployment: Deployment):
    said = deployment.compose("exec", "-T", "worker", "python", "manage.py", "backup", "--to", "/backups")
    assert re.search(r"Written: /backups/sarafa-\S+\.tar", said)


def test_a_second_run_keeps_what_there_is(deployment: Deployment):
    before = {file.name: file.read_text() for file in deployment.secrets.iterdir()}
    deployment.start()
    assert {file.name: file.read_text() for file in deployment.secrets.iterdir()} == before
    assert deployment.get("/readyz")[0] == 200
    assert set(deployment.containers()) == {*KEPT, "prepare"}


def test_nothing_is_left_when_it_is_removed(deployment: Deployment):
    mine = ["--filter", f"label=com.docker.compose.project={deployment.project}"]
    started = ["--filter", f"name=sarafa-{deployment.installation}"]
    assert run("docker", "ps", "-q", *started).split()
    deployment.remove()
    for filters in (mine, started):
        assert run("docker", "ps", "-aq", *filters) == ""
        assert run("docker", "volume", "ls", "-q", *filters) == ""
    assert run("docker", "network", "ls", "-q", *mine) == ""
    assert subprocess.run(["docker", "image", "inspect", "sarafa-bazaar/base:trixie"], check=False).returncode == 0
