"""The flow as the page draws it: true to what was asked and answered, for everybody to read, and to be seen again."""

import json
import re
import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe
from platform_under_test import Learner, Platform, until
from playwright.sync_api import Locator

from tests.liar import liar_script

POHA = "warehouse:5000/sarafa/poha"
MARKUP = "<b id=owned>dish</b>"
RIGHT_TO_LEFT = "\u202e"


def group(learner: Learner, command: str) -> Locator:
    """Return the newest group of a command, opened."""
    found = learner.page.locator(".flow-group", has=learner.page.locator(".flow-command", has_text=command)).first
    until(found.count, 5, f"the arrows of {command}")
    toggle = found.locator(".flow-toggle")
    if toggle.get_attribute("aria-expanded") == "false":
        toggle.click()
    return found


def arrows(learner: Learner, command: str) -> list[dict[str, str]]:
    """Return what each arrow of a command says of itself, those in folds as well."""
    script = """rows => rows.filter(row => row.dataset.from).map(row => (
        {...row.dataset, call: row.querySelector('.flow-call').textContent,
         outcome: row.querySelector('.flow-outcome').textContent}))"""
    return group(learner, command).locator(".flow-row").evaluate_all(script)


def arrows_to_the_end(learner: Learner, command: str) -> list[dict[str, str]]:
    """The same, once the container is gone."""
    until(lambda: arrows(learner, command)[-1]["call"].startswith("destroy"), 5, "the container's end")
    return arrows(learner, command)


def ways(found: list[dict[str, str]]) -> list[tuple[str, str, str, str]]:
    return [(one["taken"], one["from"], one["to"], one["found"]) for one in found]


def lit(learner: Learner) -> list[str]:
    steps = learner.page.locator("[data-steps] .is-lit")
    return steps.evaluate_all("steps => steps.map(step => step.dataset.step)")


def show(learner: Learner, tab: str) -> None:
    learner.page.get_by_role("tab", name=tab, exact=False).click()


def registry_log(platform: Platform, learner: Learner) -> list[tuple[str, str, int]]:
    """Return (method, path, status) of what the real registry says it answered to this learner's daemon."""
    [(address,)] = platform.rows("SELECT address FROM sandbox_sandbox WHERE code = ?", learner.code)
    log = subprocess.run(["docker", "logs", platform.warehouse], capture_output=True, text=True, check=True)
    entries = [json.loads(line) for line in (log.stdout + log.stderr).splitlines() if address in line]
    return [
        (entry["http.request.method"], entry["http.request.uri"].split("?")[0], entry["http.response.status"])
        for entry in entries if "http.response.status" in entry
    ]  # fmt: skip


def on_the_page(found: list[dict[str, str]]) -> list[tuple[str, str, int]]:
    """Return the same of the arrows to the registry; digests are shortened on the page."""
    asked = [one for one in found if one["to"] == "registry" and not one["call"].startswith("pull ")]
    return [(*one["call"].split(" ", 1), int(one["outcome"].split()[0])) for one in asked]


def shortened(entries: list[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    return [
        (method, re.sub("(sha256:[0-9a-f]{12})[0-9a-f]{52}", r"\1…", path), status) for method, path, status in entries
    ]


def test_the_five_steps_are_drawn_as_they_are_taken(two, platform):
    alice, charlie = two
    for learner in two:
        show(learner, "Flow")

    alice.run(f"docker run --rm {POHA}")
    first = arrows_to_the_end(alice, f"docker run --rm {POHA}")
    wanted = [("1", "client", "daemon", ""), ("2", "daemon", "cache", "miss"), ("2", "daemon", "registry", ""),
              ("2", "daemon", "cache", "hit"), ("3", "daemon", "container", ""),
              ("3", "client", "daemon", "")]  # fmt: skip
    places = [ways(first).index(one) for one in wanted]
    assert places == sorted(places)
    assert lit(alice) == ["1", "2", "3"]
    assert "miss" in (alice.page.locator('[data-step="2"]').text_content() or "")
    logged = shortened(registry_log(platform, alice))
    answered = [one for one in on_the_page(first) if one[2] != 401]  # of a 401 the log tells otherwise
    assert sorted(answered) == sorted(logged)
    assert len(logged) > 4

    alice.run(f"docker run  --rm {POHA}")
    runs = alice.page.locator(".flow-group", has_text=f"docker run --rm {POHA}")
    until(lambda: runs.count() == 2, 5, "the second run")
    second = arrows_to_the_end(alice, f"docker run --rm {POHA}")
    assert ("2", "daemon", "cache", "hit") in ways(second)
    assert {"miss"} & {one["found"] for one in second} == set()
    assert "registry" not in {one["to"] for one in second}
    assert lit(alice) == ["1", "2", "3"]
    assert shortened(registry_log(platform, alice)) == logged

    alice.run(f"docker tag {POHA} warehouse:5000/$LEARNER/poha; docker push -q warehouse:5000/$LEARNER/poha", 60)
    until(lambda: "4" in lit(alice), 5, "step 4")
    pushed = arrows(alice, "docker push")
    assert {one["taken"] for one in pushed} == {"4"}
    assert ("PUT", 201) in {(method, status) for method, _path, status in on_the_page(pushed)}

    hers = alice.run("echo $LEARNER").split()[0]
    charlie.run(f"docker pull -q warehouse:5000/{hers}/poha", 60)
    until(lambda: "5" in lit(charlie), 5, "step 5")
    pulled = [one for one in arrows(charlie, "docker pull") if one["to"] == "registry"]
    assert {one["taken"] for one in pulled} == {"5"}
    assert sorted(one for one in on_the_page(pulled) if one[2] != 401) == sorted(
        shortened(registry_log(platform, charlie))
    )


@pytest.fixture(scope="module")
def busy(arrive_to_stay):
    """Somebody who has run a few things, one of them in vain. The tests that follow share her."""
    alice = arrive_to_stay(bypass_csp=True)
    alice.start()
    show(alice, "Flow")
    alice.run(f"docker run -d --name stall {POHA}; docker run --name stall {POHA}", 60)
    return alice


def test_an_arrow_opens_to_the_call_its_answer_and_the_reason(busy):
    show(busy, "Flow")
    refused = group(busy, f"docker run --name stall {POHA}").locator(".flow-row", has_text="409")
    refused.locator("summary").click()
    opened = refused.locator(".flow-body")
    until(opened.is_visible, 2, "the arrow's body")
    text = opened.inner_text()
    assert "The client asks the daemon to create a container." in text
    assert "POST /containers/create" in text
    assert "409 Conflict" in text
    assert 'The container name "/stall" is already in use' in text


def test_the_keyboard_reaches_every_arrow(busy):
    show(busy, "Flow")
    for name in (f"docker run -d --name stall {POHA}", f"docker run --name stall {POHA}"):
        group(busy, name)
    reached = busy.page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=flow] .flow-line')]
            .filter(line => line.checkVisibility())
            .map(line => { line.focus(); return document.activeElement === line })"""
    )
    assert len(reached) > 10
    assert all(reached)
    busy.page.locator("[data-testid=flow] .flow-row details:not([open]) > summary").first.focus()
    busy.page.keyboard.press("Enter")
    assert busy.page.evaluate("() => document.activeElement.parentElement.open") is True


def test_pointing_at_a_command_lights_its_lines_arrows_and_stalls(busy):
    show(busy, "Flow")
    order = group(busy, f"docker run -d --name stall {POHA}").get_attribute("data-order")
    show(busy, "Daemon")
    head = busy.page.locator(f'.log-command[data-order="{order}"]').first
    head.hover()
    lines = busy.pane("daemon").locator(".log-line.is-spotlit")
    assert lines.count() > 5
    assert set(lines.evaluate_all("lines => lines.map(line => line.dataset.order)")) == {order}
    show(busy, "Map")
    stall = busy.page.locator("[data-kind=container][data-name=stall]")
    until(stall.count, 5, "the stall")
    # A command that is opened stays lit, in whatever pane one looks.
    show(busy, "Flow")
    opened = group(busy, f"docker run -d --name stall {POHA}").locator(".flow-toggle")
    opened.click()
    if opened.get_attribute("aria-expanded") == "false":
        opened.click()
    show(busy, "Map")
    until(lambda: stall.evaluate("stall => stall.classList.contains('is-lit')"), 2, "the stall to be lit")


def test_a_log_follows_its_newest_lines(busy):
    show(busy, "Daemon")
    log = busy.pane("daemon")
    log.evaluate("log => { log.scrollTop = log.scrollHeight }")  # somebody may have scrolled up
    for _ in range(5):
        busy.run("docker ps; docker images")
    gap = "log => log.scrollHeight - log.scrollTop - log.clientHeight"
    until(lambda: log.evaluate(gap) < 24, 3, "the newest line in sight")
    assert not busy.page.locator("#panel-daemon [data-newest]").is_visible()


def test_a_command_can_be_seen_again(busy):
    show(busy, "Flow")
    group(busy, f"docker run -d --name stall {POHA}").locator("[data-again]").click()
    replay = busy.page.get_by_test_id("replay")
    scrubber = replay.locator("[data-scrubber]")
    last = int(scrubber.get_attribute("max") or 0)
    assert last > 8
    until(lambda: int(scrubber.input_value()) >= 2, 5, "the replay to go on")
    scrubber.focus()
    busy.page.keyboard.press("End")
    assert f"{last + 1} of {last + 1}" in (scrubber.get_attribute("aria-valuetext") or "")
    busy.page.keyboard.press("Home")
    assert scrubber.get_attribute("aria-valuetext").startswith(
        f"1 of {last + 1}: customer → master cook POST /containers/create"
    )
    busy.run("docker ps")  # what happens meanwhile is not lost
    replay.locator("[data-live]").click()
    assert not replay.is_visible()
    assert group(busy, "docker ps").is_visible()


def test_the_session_seen_again_shows_the_map_of_then(busy):
    busy.run("docker rm -f stall")
    show(busy, "Map")
    until(lambda: busy.page.locator("[data-kind=container]").count() == 0, 5, "an empty bazaar")
    show(busy, "Flow")
    busy.page.locator("[data-replay-all]").click()
    scrubber = busy.page.locator("[data-scrubber]")
    scrubber.focus()
    steps = int(scrubber.get_attribute("max") or 0)
    scrubber.fill(str(steps - 4))
    show(busy, "Map")
    until(lambda: busy.page.locator("[data-kind=container][data-name=stall]").count() == 1, 3, "the stall of then")
    show(busy, "Flow")
    busy.page.locator("[data-live]").click()
    show(busy, "Map")
    until(lambda: busy.page.locator("[data-kind=container]").count() == 0, 3, "the present")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_flow_shuts_nobody_out(arrive, theme):
    alice = arrive(color_scheme=theme, bypass_csp=True)
    alice.start()
    alice.run(f"docker run --rm {POHA}")
    show(alice, "Flow")
    group(alice, f"docker run --rm {POHA}").locator("summary").nth(1).click()
    alice.page.locator("[data-replay-all]").click()
    found = Axe().run(alice.page).response["violations"]
    assert [one["help"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_hostile_names_are_text_everywhere(arrive):
    alice = arrive()
    alice.start()
    alice.run(f"docker run --rm {POHA} > /dev/null 2>&1; docker tag {POHA} hostile")
    alice.run(f"""docker create --name named --label "x={MARKUP}" {POHA} echo "{MARKUP}" > /dev/null""")
    alice.run(f"""docker volume create "{MARKUP}"; docker network create "{MARKUP}"; docker rm "{MARKUP}" """)
    alice.run("""docker network create "$(printf 'a\\342\\200\\256b\\033[31mc')" > /dev/null""")
    alice.run(
        """curl -s --unix-socket /run/docker.sock "http://d/containers/%3Cimg%20src%20onerror%3Dalert(1)%3E/json" """
    )
    for tab in ("Daemon", "Flow", "Map"):
        show(alice, tab)
        alice.page.wait_for_timeout(300)
    show(alice, "Flow")
    assert MARKUP in (group(alice, f"docker rm '{MARKUP}'").text_content() or "")
    show(alice, "Map")
    until(lambda: alice.page.locator("[data-kind=network]").count() >= 4, 5, "the network of that name")
    panels = alice.page.locator("#workspace .panel:not(.panel-terminal)")
    assert alice.page.locator("#owned").count() == 0
    shown = "".join(panels.all_text_contents())
    assert MARKUP in shown
    assert RIGHT_TO_LEFT not in shown
    assert "\x1b" not in shown


def test_a_flood_of_calls_leaves_the_page_quick_and_the_count_right(arrive):
    alice = arrive()
    alice.start()
    show(alice, "Flow")
    alice.beside("curl -s -o /dev/null --unix-socket /run/docker.sock 'http://d/version?n=[1-3000]'", 60)
    flood = alice.page.locator(".flow-group").first
    until(lambda: "3000" in (flood.locator(".flow-meta").text_content() or ""), 10, "the whole flood")
    assert flood.locator(".flow-row").count() < 1000
    began = alice.page.evaluate("() => performance.now()")
    alice.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert alice.page.evaluate("() => performance.now()") - began < 500
    alice.run("docker ps")
    until(lambda: "docker ps" in (alice.page.locator(".flow-group").first.text_content() or ""), 2, "the next command")


def test_clocks_that_differ_do_not_matter(arrive):
    alice = arrive()
    alice.page.clock.install(time="2027-03-01T12:00:00Z")  # the browser's is months ahead
    alice.page.clock.resume()
    alice.start()
    show(alice, "Map")
    moved = "() => { window.moved = 0; new MutationObserver(list => { window.moved += list.length }).observe(" \
        "document.querySelector('#panel-map [data-loads]'), {childList: true}) }"  # fmt: skip
    alice.page.evaluate(moved)
    alice.run(f"docker run --rm {POHA}")
    until(lambda: alice.page.evaluate("() => window.moved"), 3, "an order on its way")


# Docker refuses such names; a program in the daemon's place does not.
NAMES = r"""
    my $name = "<b id=owned>dish</b>\xe2\x80\xae\\u001b[31m";
    my $one = qq({"Id": "sha256:abcdef0123456789", "Names": ["/$name"], "Image": "$name", "State": "running", )
        . qq("Status": "Up (healthy)", "Created": 1, "RepoTags": ["$name:1"], "Size": 7, "Name": "$name", )
        . qq("Driver": "$name", "Labels": {"$name": "$name"}, "RootFS": {"Layers": ["$name"]}});
    print $asked =~ /volumes/ ? qq({"Volumes": [$one]}) : $asked =~ m{images/sha} ? $one : "[$one]";
"""


def test_names_that_no_docker_would_give_are_text_as_well(arrive):
    alice = arrive()
    alice.start()
    show(alice, "Map")
    alice.beside(liar_script(NAMES), user="root")
    alice.page.reload()
    stall = alice.page.locator("[data-kind=container]")
    until(stall.count, 20, "the stall of that name")
    for kind in ("container", "image", "network", "volume"):
        thing = alice.page.locator(f"[data-kind={kind}]").first
        assert "<b id=owned>dish</b>" in (thing.get_attribute("aria-label") or "")
    stall.first.click()
    until(alice.page.get_by_test_id("map-details").is_visible, 3, "the details")
    panel = alice.page.locator("#panel-map")
    assert alice.page.locator("#owned").count() == 0
    assert RIGHT_TO_LEFT not in panel.inner_text()
    assert "\x1b" not in panel.inner_text()
