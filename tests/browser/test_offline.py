"""A class without the internet: platform, engine and browser share a network that leads nowhere."""

import subprocess
from collections.abc import Iterator

import pytest
from django.test import override_settings
from offline import browser_within, follow
from platform_under_test import Learner, Platform
from playwright.sync_api import Browser

from sandbox import images
from tests.engines import Engine, forget_client


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory) -> Iterator[Engine]:
    """An engine that has the images, as it has them after `make setup`, and nothing else."""
    engine = Engine(tmp_path_factory.mktemp("cut-off"), disk_size="4g")
    with override_settings(DOCKER_HOST=f"unix://{engine.socket}"):
        forget_client()
        try:
            engine.start("--bridge", "", "--iptables=true")  # a bridge of its own: the shelves are filled over one
            engine.take_in([images.BASE, *(recipe.name for recipe in images.recipes())])
            yield engine
        finally:
            engine.remove()
            forget_client()


@pytest.fixture(scope="module")
def platform(cut_off: Engine, tmp_path_factory) -> Iterator[Platform]:
    environment = {"DOCKER_HOST": f"unix://{cut_off.socket}"}
    running = Platform(tmp_path_factory.mktemp("platform"), cut_off.inside(), **environment)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def browser(cut_off: Engine, browser_type, browser_type_launch_args, tmp_path_factory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    yield from browser_within(cut_off.inside, browser_type, browser_type_launch_args, folder)


@pytest.fixture
def alice(browser: Browser, platform: Platform) -> Iterator[Learner]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Learner(context.new_page(), platform)
    context.close()


def test_there_is_no_way_out(cut_off):
    route = subprocess.run(
        cut_off.inside("ip", "route", "get", "192.0.2.1"), check=False, capture_output=True, text=True
    )
    assert "Network is unreachable" in route.stderr
    routes = subprocess.run(cut_off.inside("ip", "route"), check=True, capture_output=True, text=True).stdout
    assert {line.split()[2] for line in routes.splitlines()} == {"docker0"}


def test_the_first_command_of_every_tutorial(alice):
    alice.start()
    assert "Hello from Docker!" in alice.run("docker run hello-world")
    assert "hello-world" in alice.run("docker images")


@pytest.mark.parametrize("day", ["day-1", "day-2", "day-3"])
def test_every_task_is_done_by_following_the_page(alice, day):
    alice.start()
    tasks = follow(alice, day)
    assert len(tasks) >= 7
    assert all(alice.is_done(task) for task in tasks)
    alice.page.reload()
    assert all(alice.is_done(task) for task in tasks)
