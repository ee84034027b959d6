"""Real sandboxes, in an installation of their own beside whatever else runs on this engine."""

import ipaddress
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import override_settings

from sandbox import containers, engine, images, warehouse


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.docker)


@dataclass(frozen=True)
class Place:
    """A running sandbox, and how to do something in it."""

    spec: containers.Spec
    container_id: str

    def learner(self, command: str, timeout: float = 30) -> tuple[int, str]:
        return containers.run_as_learner(
            self.container_id, self.spec.owner_uid, ["bash", "-c", command], timeout=timeout
        )

    def root(self, command: str, timeout: float = 30) -> tuple[int, str]:
        """Be root of the sandbox, which a learner can become through the daemon."""
        argv = ["/sbx/enter", "-u", "root", "bash", "-c", command]
        code, out, err = containers.run(self.container_id, self.spec.owner_uid, argv, timeout)
        return code, (out + err).decode(errors="replace")

    def owner(self, command: str) -> tuple[int, str]:
        """Be the owner, outside of the sandbox's namespaces."""
        code, out, err = containers.run(self.container_id, self.spec.owner_uid, ["sh", "-c", command], 10)
        return code, (out + err).decode(errors="replace")

    def facts(self) -> dict:
        return containers.facts(self.container_id, self.spec.owner_uid)


_owners = iter(range(900_000 + os.getpid() % 1000 * 100, 2_000_000))


def make_spec() -> containers.Spec:
    address = str(ipaddress.IPv6Address(0xFD << 120 | secrets.randbits(64)))
    return containers.Spec(code=secrets.token_hex(6), owner_uid=next(_owners), address=address)


@pytest.fixture
def new_spec() -> Callable[[], containers.Spec]:
    return make_spec


@pytest.fixture(scope="session", autouse=True)
def installation() -> Iterator[str]:
    """Give these tests containers and volumes that no running platform takes for its own, and remove them."""
    name = f"test{os.getpid()}"
    with override_settings(INSTALLATION=name):
        images.ensure_all(print)
        warehouse.ensure_running()
        warehouse.seed(images.stock())
        yield name
        for container_id in (containers.living() | containers.ended()).values():
            containers.remove(container_id)
        warehouse.remove()


def open_place() -> Iterator[Place]:
    spec = make_spec()
    container_id = containers.create(spec)
    try:
        containers.wait_ready(container_id)
        yield Place(spec, container_id)
    finally:
        containers.remove(container_id)


@pytest.fixture(scope="module")
def alices(installation: str) -> Iterator[Place]:
    yield from open_place()


@pytest.fixture(scope="module")
def charlies(installation: str) -> Iterator[Place]:
    yield from open_place()


@pytest.fixture
def fresh(installation: str) -> Iterator[Place]:
    """A sandbox for one test, which may wreck it."""
    yield from open_place()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Show what the sandboxes of a failed test printed last."""
    report = yield
    if report.failed and report.when == "call":
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Place):
                lines = [line for _, line in engine.log_since(value.container_id)[-40:]]
                report.sections.append((f"log of {name}", "\n".join(lines)))
    return report
