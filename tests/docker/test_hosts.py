"""What an operator may choose for the host at hand: the runtime, and the AppArmor profile."""

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from sandbox import apparmor, containers, engine

SCRIPT = settings.BASE_DIR / "scripts" / "apparmor.sh"
PROFILE = settings.BASE_DIR / "sandbox" / "sarafa-sandbox.apparmor"


def test_a_named_runtime_runs_the_sandbox(new_spec):
    spec = new_spec()
    with override_settings(SANDBOX_RUNTIME="runc"):
        container = containers.create(spec)
    try:
        containers.wait_ready(container)
        assert engine.client().inspect_container(container.id)["HostConfig"]["Runtime"] == "runc"
        assert containers.run_as_learner(container, spec.owner_uid, ["docker", "info"])[0] == 0
    finally:
        containers.remove(container)


def test_an_unknown_runtime_is_told_by_the_name_of_the_setting_and_leaves_nothing(new_spec):
    spec = new_spec()
    with (
        override_settings(SANDBOX_RUNTIME="no-such-runtime"),
        pytest.raises(engine.EngineError, match="runtime that SANDBOX_RUNTIME names"),
    ):
        containers.create(spec)
    assert spec.code not in containers.living() | containers.ended()


def test_without_a_setting_the_engine_chooses(fresh):
    default = engine.client().info()["DefaultRuntime"]
    assert engine.client().inspect_container(fresh.container_id)["HostConfig"]["Runtime"] == default


def test_the_profile_that_is_named_is_asked_for(new_spec):
    with override_settings(SANDBOX_APPARMOR="docker-default"):
        container = containers.create(new_spec())
    try:
        options = engine.client().inspect_container(container.id)["HostConfig"]["SecurityOpt"]
        assert "apparmor=docker-default" in options
    finally:
        containers.remove(container)


# --- our AppArmor profile: as far as a kernel without AppArmor can tell; docs/hosts.md says how it is tried in one ---


def check(script: Path) -> subprocess.CompletedProcess:
    return subprocess.run([script, "check"], capture_output=True, text=True, check=False)


def test_our_profile_is_one():
    checked = check(SCRIPT)
    assert checked.returncode == 0, checked.stderr
    assert f"\nprofile {apparmor.PROFILE} " in PROFILE.read_text()


def test_a_rule_that_apparmor_does_not_know_is_found(tmp_path):
    script, profile = (tmp_path / file.relative_to(settings.BASE_DIR) for file in (SCRIPT, PROFILE))
    script.parent.mkdir()
    profile.parent.mkdir()
    shutil.copy(SCRIPT, script)
    profile.write_text(PROFILE.read_text().replace("  userns,", "  usernames,"))
    assert check(script).returncode != 0
