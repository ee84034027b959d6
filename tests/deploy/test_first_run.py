"""What the first run makes where nothing is, and leaves as it is where something is. Nothing is started here."""

import os
import subprocess
from pathlib import Path

from tests.browser.platform_under_test import ROOT

SECRETS = {"secret-key", "database-password", "redis-password", "metrics-token"}


def first_run(folder: Path, *argv: str, compose: str = "true") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "COMPOSE": compose, "SETTINGS": str(folder / "env"), "SECRETS": str(folder / "secrets"),
        "CERTIFICATES": str(folder / "certificates"),
    }  # fmt: skip
    return subprocess.run(
        ["deploy/first-run", *argv], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def settings_in(folder: Path) -> dict[str, str]:
    lines = (folder / "env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_it_makes_settings_for_the_name_that_is_given(tmp_path: Path):
    done = first_run(tmp_path, "bazaar.example.org")
    assert done.returncode == 0, done.stderr
    assert "ready: https://bazaar.example.org\n" in done.stdout
    made = settings_in(tmp_path)
    assert made["DOMAIN"] == made["VISITS_NAMES"] == "bazaar.example.org"
    assert made["TLS"] == "internal"
    assert made["DOCKER_GID"] == str(Path("/var/run/docker.sock").stat().st_gid)


def test_without_a_name_it_is_for_this_machine(tmp_path: Path):
    assert first_run(tmp_path).returncode == 0
    assert settings_in(tmp_path).items() >= {"DOMAIN": "localhost", "VISITS_NAMES": "*.localhost"}.items()


def test_each_secret_is_another_and_the_folder_is_its_owners_alone(tmp_path: Path):
    first_run(tmp_path)
    files = list((tmp_path / "secrets").iterdir())
    assert {file.name for file in files} == SECRETS
    assert len({file.read_text() for file in files}) == len(SECRETS)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in files} == {0o444}


def test_what_is_there_stays(tmp_path: Path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "secret-key").write_text("ours")
    (tmp_path / "env").write_text("DOMAIN=school.example.org\nHTTPS_PORT=8443\n")
    assert "ready: https://school.example.org:8443\n" in first_run(tmp_path, "bazaar.example.org").stdout
    assert (tmp_path / "secrets" / "secret-key").read_text() == "ours"
    assert settings_in(tmp_path) == {"DOMAIN": "school.example.org", "HTTPS_PORT": "8443"}


def test_without_compose_it_says_what_to_do_and_makes_nothing(tmp_path: Path):
    done = first_run(tmp_path, compose="false")
    assert done.returncode == 1
    assert "Install Docker Engine with its compose plugin" in done.stderr
    assert list(tmp_path.iterdir()) == []
