"""Images go from one engine to another in one archive, and are then known to be those of the recipes."""

from dataclasses import replace

import pytest

from backups.archive import packed
from sandbox import images, shipment
from sandbox.engine import EngineError


@pytest.fixture
def one_dish(installation, monkeypatch):
    """Let one small image and the base be all that there is."""
    [recipe] = [recipe for recipe in images.recipes() if recipe.name == images.dish_image("poha")]
    monkeypatch.setattr(images, "recipes", lambda: [recipe])
    return recipe


def test_what_was_saved_is_taken_in_and_is_what_is_wanted(one_dish, tmp_path):
    file = tmp_path / "images.tar.gz"
    file.write_bytes(b"".join(packed(shipment.save())))
    assert file.stat().st_size < shipment.size()
    shipment.load(file)


def test_images_of_other_recipes_are_refused(one_dish, tmp_path, monkeypatch):
    file = tmp_path / "images.tar"
    file.write_bytes(b"".join(shipment.save()))
    another = replace(one_dish, arguments={"DISH": "idli"})
    monkeypatch.setattr(images, "recipes", lambda: [another])
    with pytest.raises(EngineError, match="dish-poha"):
        shipment.load(file)


def test_what_is_no_archive_is_refused(one_dish, tmp_path):
    (tmp_path / "images.tar").write_bytes(b"no archive at all")
    with pytest.raises(EngineError):
        shipment.load(tmp_path / "images.tar")
