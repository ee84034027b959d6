"""What the images of deploy/ are made from, and what docker-compose.yml gives to whom, as their files say it."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_what_git_keeps_out_of_an_images_folder_is_kept_out_of_the_image():
    """The last line that fits decides, so those that leave out stand behind the one that lets the folder in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    private = re.findall(r"^/(deploy/\w+)/$", (ROOT / ".gitignore").read_text(), re.MULTILINE)
    assert set(private) == {"deploy/secrets", "deploy/certificates"}
    for folder in private:
        assert lines.index(folder) > lines.index("!deploy")


def test_who_reaches_an_engine_has_other_hosts_certificates_and_nobody_else():
    """They are in the volume `data`; who has no way to this engine is to have none to those."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounts = {name: " ".join(service.get("volumes", [])) for name, service in services.items()}
    reaching = {name for name, text in mounts.items() if "docker.sock" in text}
    assert reaching == {"stream", "visits", "worker", "tokens", "prepare"}
    assert {name for name, text in mounts.items() if re.search(r"(^| )data:/data", text)} == reaching
