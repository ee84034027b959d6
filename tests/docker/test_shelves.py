"""All of the warehouse, copied out and put back as a whole."""

import io
from collections.abc import Iterator

import pytest

from backups import tar
from sandbox import shelves, warehouse
from tests.backups.archives import Entry, tar_of

LINK = "docker/registry/v2/repositories/{}/khichdi/_manifests/link"


@pytest.fixture
def elsewhere(installation: str, settings) -> Iterator[None]:
    """The shelves of an installation that has none yet."""
    settings.INSTALLATION = f"{installation}-b"
    try:
        yield
    finally:
        warehouse.remove()


def bring(content: bytes) -> None:
    shelves.bring(tar.made_anew(io.BytesIO(content), shelves.TOP, shelves.OWNER))


def test_everything_is_put_in_place_of_what_was_there(elsewhere):
    assert shelves.spaces() == []
    long = LINK.format("/".join(["alice"] + ["n" * 60] * 4))
    bring(tar_of(Entry(long, b"sha256:1"), Entry("stock.json", b'{"poha": "1"}')))
    assert shelves.spaces() == []
    shelves.switch()
    assert shelves.spaces() == ["alice"]

    copied = b"".join(shelves.read())
    assert {info.name: info.size for info, _ in tar.walk(io.BytesIO(copied)) if info.isfile()} == {
        long: 8, "stock.json": 13,
    }  # fmt: skip
    bring(tar_of(Entry(LINK.format("charlie"), b"sha256:2")))
    shelves.switch()
    shelves.switch()
    assert shelves.spaces() == ["charlie"]

    warehouse.ensure_running()
    assert warehouse.in_stock() == {}
    bring(copied)
    shelves.switch()
    warehouse.ensure_running()
    assert warehouse.in_stock() == {"poha": "1"}
