"""The map: what it shows is what `docker` would say, whatever was done; and everybody can get at all of it."""

import json
import random

import pytest
from axe_playwright_python.sync_playwright import Axe
from platform_under_test import ROOT, Learner, until, within

POHA = "warehouse:5000/sarafa/poha"
SHIKANJI = "warehouse:5000/sarafa/shikanji"
OPERATIONS = 200
STALLS = [f"stall-{number}" for number in range(12)]


def show(learner: Learner) -> None:
    learner.page.get_by_role("tab", name="Map").click()
    until(lambda: learner.page.locator("[data-kind=network]").count() >= 3, 5, "the map")


def drawn(learner: Learner, kind: str, *facts: str) -> set[tuple[str, ...]]:
    script = "(things, facts) => things.map(thing => facts.map(fact => thing.dataset[fact] ?? ''))"
    things = learner.page.locator(f"[data-testid=map] [data-kind={kind}]")
    return {tuple(thing) for thing in things.evaluate_all(script, list(facts))}


def said(learner: Learner, command: str) -> list[dict[str, str]]:
    """Return what docker says, asked beside the terminal so that its screen does not matter."""
    return [json.loads(line) for line in learner.beside(f"docker {command} --format '{{{{json .}}}}'").splitlines()]


def docker_says(learner: Learner) -> dict[str, set[tuple[str, ...]]]:
    images: dict[str, set[str]] = {}
    for image in said(learner, "images --no-trunc"):
        tags = images.setdefault(image["ID"].removeprefix("sha256:")[:12], set())
        if image["Tag"] != "<none>":
            tags.add(f"{image['Repository']}:{image['Tag']}")
    return {
        "containers": {(one["ID"], one["Names"], one["State"]) for one in said(learner, "ps -a")},
        "images": {(identity, " ".join(sorted(tags))) for identity, tags in images.items()},
        "networks": {(one["ID"], one["Name"]) for one in said(learner, "network ls")},
        "volumes": {(one["Name"],) for one in said(learner, "volume ls")},
    }


def map_says(learner: Learner) -> dict[str, set[tuple[str, ...]]]:
    images = {(identity, " ".join(sorted(tags.split()))) for identity, tags in drawn(learner, "image", "id", "tags")}
    return {
        "containers": drawn(learner, "container", "id", "name", "state"),
        "images": images,
        "networks": drawn(learner, "network", "id", "name"),
        "volumes": drawn(learner, "volume", "name"),
    }


def operation(chance: random.Random) -> str:
    """Return something that one may do to a daemon; much of it is refused, since it does not fit what is there."""
    stall, other = chance.sample(STALLS, 2)
    number = chance.randrange(4)
    return chance.choice([
        f"create --name {stall} -p {8000 + number}:80 {POHA}",
        f"run -d --name {stall} {POHA}",
        f"run -d --name {stall} --entrypoint sleep -v jar-{number}:/jar {POHA} 600",
        f"run -d --name {stall} --network lane-{number} --entrypoint sleep {SHIKANJI} 600",
        f"start {stall}", f"stop -t 0 {stall}", f"restart -t 0 {stall}", f"kill {stall}",
        f"pause {stall}", f"unpause {stall}", f"rename {stall} {other}", f"rm -f {stall}", f"rm {stall}",
        f"network create lane-{number}", f"network rm lane-{number}",
        f"network connect lane-{number} {stall}", f"network disconnect lane-{number} {stall}",
        f"volume create jar-{number}", f"volume rm jar-{number}",
        f"tag {POHA} recipe-{number}:{chance.randrange(3)}", f"rmi recipe-{number}:{chance.randrange(3)}",
        f"commit {stall} copy-{number}", f"rmi -f copy-{number}",
    ])  # fmt: skip


def test_the_map_is_what_docker_says_after_two_hundred_things_done(arrive):
    alice = arrive()
    alice.start()
    show(alice)
    chance = random.Random(20261124)
    alice.beside(f"docker pull -q {POHA}; docker pull -q {SHIKANJI}", 60)
    for _ in range(8):
        done = [operation(chance) for _ in range(OPERATIONS // 8)]
        alice.beside("; ".join(f"docker {one} > /dev/null 2>&1" for one in done), 120)
        truth = docker_says(alice)
        within(lambda truth=truth: map_says(alice) == truth, 2, "the map to be true again")
    assert len(truth["containers"]) > 3
    assert len({state for _, _, state in truth["containers"]}) > 1
    assert len(truth["images"]) > 2


def test_a_daemon_that_was_killed_is_drawn_truly_when_it_is_back(arrive):
    alice = arrive()
    alice.start()
    show(alice)
    alice.run(f"docker run -d --name stays --entrypoint sleep {POHA} 600 > /dev/null 2>&1")
    until(lambda: drawn(alice, "container", "name", "state") == {("stays", "running")}, 3, "the stall")
    killed = alice.beside("pgrep -x dockerd; pkill -KILL -x dockerd", user="root").split()
    assert len(killed) == 1
    again = "pgrep -x dockerd && curl -sf --unix-socket /run/docker.sock http://d/_ping"
    now = until(lambda: alice.beside(again, user="root").split(), 20, "a daemon that serves")
    assert now[0] != killed[0]
    truth = until(lambda: said(alice, "ps -a"), 20, "what docker says")
    states = {(one["Names"], one["State"]) for one in truth}
    within(lambda: drawn(alice, "container", "name", "state") == states, 2, "the map to be true again")


@pytest.fixture(scope="module")
def keeper(arrive_to_stay):
    """Somebody with a stall in every state, and one of everything else. The tests that follow share her."""
    alice = arrive_to_stay(bypass_csp=True)
    alice.start()
    alice.beside(
        f"""docker pull -q {POHA}; docker pull -q nginx; docker network create lane; docker volume create jar
        docker run -d --name open -p 8080:80 --network lane -v jar:/jar nginx
        docker run -d --name ill --health-cmd false --health-interval 1s --health-retries 1 \\
            --entrypoint sleep {POHA} 600
        docker run -d --name asleep --entrypoint sleep {POHA} 600; docker pause asleep
        docker create --name closed {POHA}; docker run --name over --entrypoint false {POHA}""",
        60,
    )
    show(alice)
    until(lambda: len(drawn(alice, "container", "name")) == 5, 5, "the stalls")
    return alice


def test_a_stall_tells_its_state_health_ports_and_exit_code(keeper):
    states = {("open", "running"), ("ill", "running"), ("asleep", "paused"), ("closed", "created"), ("over", "exited")}
    until(lambda: drawn(keeper, "container", "name", "state") == states, 3, "their states")
    until(lambda: ("ill", "unhealthy") in drawn(keeper, "container", "name", "health"), 10, "the health")
    label = keeper.page.locator("[data-kind=container][data-name=open]").get_attribute("aria-label") or ""
    for word in ("open", "nginx", "running", "8080", "lane"):
        assert word in label
    over = keeper.page.locator("[data-kind=container][data-name=over]")
    assert "1" in (over.text_content() or "").replace("over", "")


FOCUSED = """() => { const {kind, id, place} = document.activeElement.dataset;
    return kind ? `[data-kind="${kind}"][data-id="${id}"]` : `[data-place="${place}"]`; }"""


def test_the_keyboard_reaches_everything_and_comes_back(keeper):
    page = keeper.page
    things = page.locator("[data-testid=map] [data-kind]")
    assert page.locator("[data-testid=map] [tabindex='0'], #panel-map [tabindex='0'][data-kind]").count() >= 1
    page.locator("#panel-map [data-place][tabindex], #panel-map [data-kind][tabindex='0']").first.focus()
    seen: set[str] = set()
    ahead = [page.evaluate(FOCUSED)]
    while ahead:  # from each thing to all its neighbours
        here = ahead.pop()
        if here in seen:
            continue
        seen.add(here)
        for key in ("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"):
            page.locator(f"#panel-map {here}").first.focus()
            page.keyboard.press(key)
            ahead.append(page.evaluate(FOCUSED))
    assert len({one for one in seen if "data-kind" in one}) == things.count()
    assert len({one for one in seen if "data-place" in one}) == 3
    keeper.page.locator("[data-kind=container][data-name=open]").focus()
    keeper.page.keyboard.press("Enter")
    details = keeper.page.get_by_test_id("map-details")
    until(details.is_visible, 2, "the details")
    keeper.page.keyboard.press("Escape")
    assert not details.is_visible()
    assert keeper.page.evaluate("() => document.activeElement.dataset.name") == "open"


def test_a_stall_opens_to_its_commands_and_its_visit(keeper):
    keeper.page.locator("[data-kind=container][data-name=open]").click()
    details = keeper.page.get_by_test_id("map-details")
    until(lambda: details.get_by_role("link").count() == 1, 5, "the way to visit it")
    prompts = keeper.screen().count("learner@sarafa:~$")
    details.get_by_role("button", name="docker logs open").click()
    until(lambda: keeper.screen().count("learner@sarafa:~$") > prompts, 10, "the command's end")
    assert "docker logs open" in keeper.screen()


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_flow_and_map_have_their_pictures_taken(keeper, size):
    """For people to look at: var/pictures/."""
    folder = ROOT / "var" / "pictures"
    if size == "phone":
        keeper.page.set_viewport_size({"width": 390, "height": 844})
    for tab in ("Flow", "Map"):
        keeper.page.get_by_role("tab", name=tab).click()
        for theme in ("dark", "light"):
            keeper.page.emulate_media(color_scheme=theme)
            for story in (True, False):
                keeper.tell_story(story)
                picture = folder / f"{tab.lower()}-{size}-{theme}-{'story' if story else 'plain'}.png"
                keeper.page.locator("#workspace").screenshot(path=picture)
                assert picture.stat().st_size > 10_000
    keeper.page.set_viewport_size({"width": 1280, "height": 900})
    keeper.tell_story(True)


def test_what_is_focused_stays_focused_while_things_change(keeper):
    show(keeper)
    keeper.page.locator("[data-kind=container][data-name=asleep]").focus()
    keeper.beside("docker unpause asleep; docker rm over; docker run -d --name more nginx")
    until(lambda: ("asleep", "running") in drawn(keeper, "container", "name", "state"), 3, "the change")
    assert keeper.page.evaluate("() => document.activeElement.dataset.name") == "asleep"


def test_a_hundred_stalls_have_their_names(arrive):
    alice = arrive()
    alice.start()
    show(alice)
    alice.beside(f"docker pull -q {POHA}; for i in $(seq 100); do docker create --name s-$i {POHA}; done", 120)
    until(lambda: len(drawn(alice, "container", "name")) == 100, 5, "a hundred stalls")
    smallest = alice.page.locator("[data-kind=container]").evaluate_all(
        "stalls => Math.min(...stalls.map(stall => parseFloat(getComputedStyle(stall.querySelector('*')).fontSize)))"
    )
    assert smallest >= 12
    assert "s-100" in (alice.page.get_by_test_id("map").text_content() or "")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_map_shuts_nobody_out(arrive, theme):
    alice = arrive(color_scheme=theme, bypass_csp=True)
    alice.start()
    alice.beside(f"docker pull -q {POHA}; docker run -d --name stall -p 80:80 --entrypoint sleep {POHA} 600", 60)
    show(alice)
    until(lambda: drawn(alice, "container", "name"), 5, "a stall")
    alice.page.locator("[data-kind=container]").click()
    found = Axe().run(alice.page).response["violations"]
    assert [
        f"{one['help']} {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in ("serious", "critical")
    ] == []
