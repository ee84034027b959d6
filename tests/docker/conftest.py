"""Every test here has real sandboxes: see the fixtures in `tests/conftest.py`."""

from pathlib import Path

import pytest

from sandbox import images, warehouse


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="session", autouse=True)
def of_their_own(installation: str) -> str:
    return installation


@pytest.fixture(scope="session")
def registry(installation: str) -> None:
    """Have the warehouse's own image on its shelves, as sarafa/registry: what a learner can push to."""
    warehouse.seed(images.stock() | {"registry": warehouse.IMAGE})
