"""Every test here has real sandboxes: see the fixtures in `tests/conftest.py`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sandbox import containers, images, warehouse
from sandbox.container import Address


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="session", autouse=True)
def of_their_own(installation: str) -> str:
    return installation


@pytest.fixture
def weakened(
    new_place: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[dict[str, Any]], None]], Any]:
    """Open a sandbox whose options, as the engine takes them, were changed: so one sees what a defence is good for."""
    whole = containers.host_config

    def changed(change: Callable[[dict[str, Any]], None], host: Address, memory: int) -> dict[str, Any]:
        config = whole(host, memory)
        change(config)
        return config

    def open_weakened(change: Callable[[dict[str, Any]], None]) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(containers, "host_config", partial(changed, change))
            return new_place()

    return open_weakened


@pytest.fixture(scope="session")
def registry(installation: str) -> None:
    """Have the warehouse's own image on its shelves, as sarafa/registry: what a learner can push to."""
    warehouse.seed(images.stock() | {"registry": warehouse.IMAGE})
