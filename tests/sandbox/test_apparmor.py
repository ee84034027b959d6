"""Which AppArmor profile binds a sandbox."""

import pytest

from sandbox import apparmor, engine
from sandbox.container import Address, local


@pytest.fixture
def kernel(monkeypatch, tmp_path):
    """A kernel with AppArmor, which has Docker's profile, and ours once `load` is called."""
    monkeypatch.setattr(apparmor, "LOADED", tmp_path)
    (tmp_path / "docker-default.1").mkdir()
    return tmp_path


def load(kernel):
    (kernel / "sarafa-sandbox.37").mkdir()


def test_it_is_ours_once_it_is_loaded(kernel):
    assert apparmor.can_be_seen()
    assert apparmor.chosen(local()) == "unconfined"
    load(kernel)
    assert apparmor.chosen(local()) == "sarafa-sandbox"


def test_one_whose_name_only_begins_alike_is_not_ours(kernel):
    (kernel / "sarafa-sandbox-old.2").mkdir()
    assert apparmor.chosen(local()) == "unconfined"


def test_without_apparmor_there_is_none(kernel):
    kernel.joinpath("docker-default.1").rmdir()
    kernel.rmdir()
    assert not apparmor.is_loaded("docker-default")
    assert not apparmor.can_be_seen()
    assert apparmor.chosen(local()) == "unconfined"


@pytest.mark.parametrize("named", ["unconfined", "of-the-house"])
def test_a_setting_comes_first(kernel, settings, named):
    load(kernel)
    settings.SANDBOX_APPARMOR = named
    assert apparmor.chosen(local()) == named


@pytest.mark.parametrize(("options", "profile"), [(["name=apparmor"], "sarafa-sandbox"), ([], "unconfined")])
def test_another_host_must_have_ours_if_it_has_any(options, profile, monkeypatch):
    monkeypatch.setattr(engine, "about", lambda host: {"SecurityOptions": options})
    assert apparmor.chosen(Address("bada", "tcp://bada:2376")) == profile
