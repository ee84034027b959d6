"""docker-compose.yml, built and started by the one command, as a project of its own beside whatever else is here."""

import hashlib
import json
import os
import re
import secrets
import shutil
import ssl
import subprocess
import tempfile
import urllib.request
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.browser.platform_under_test import ROOT, free_port

IMAGES = "sarafa-under-test"
PLUGIN = "/usr/libexec/docker/cli-plugins/docker-compose"
PLATFORM = ["web", "stream", "visits", "worker", "beat", "tokens"]
KEPT = ["proxy", *PLATFORM, "database", "redis"]


def run(*argv: str, **options: Any) -> str:
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{argv}: {done.stdout[-2000:]} {done.stderr[-4000:]}"
    return done.stdout


def compose_program(folder: Path) -> list[str]:
    """Return Docker's compose plugin or, where it is not installed, Debian's, which is in the sandbox's image."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        return ["docker", "compose"]
    name = f"compose-{secrets.token_hex(4)}"
    run("docker", "create", "--name", name, os.environ.get("SANDBOX_IMAGE") or "sarafa-bazaar/sandbox", "true")
    try:
        run("docker", "cp", f"{name}:{PLUGIN}", str(folder / "docker-compose"))
    finally:
        run("docker", "rm", name)
    return [str(folder / "docker-compose")]


def free_subnet() -> str:
    """Return one that no network of this engine has."""
    ids = run("docker", "network", "ls", "-q").split()
    taken = run("docker", "network", "inspect", *ids)
    return next(subnet for n in range(100, 250) if (subnet := f"172.31.{n}.0/24") not in taken)


class Deployment:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="deployment"))
        self.project = f"sarafa-test-{secrets.token_hex(3)}"
        ports = {name: str(free_port()) for name in ("HTTP_PORT", "HTTPS_PORT", "VISITS_PORT")}
        settings = {
            "DOMAIN": "localhost", "VISITS_NAMES": "*.localhost", "TLS": "internal", "HSTS_SECONDS": "0", **ports,
            "SUBNET": free_subnet(),
            "DOCKER_GID": str(Path("/var/run/docker.sock").stat().st_gid), "IMAGES": IMAGES, "BUILD_NETWORK": "host",
            "SANDBOX_POOL": "1", "SANDBOX_LIMIT": "4", "SANDBOX_IMAGE": os.environ.get("SANDBOX_IMAGE", ""),
        }  # fmt: skip
        self.settings = self.folder / "env"
        self.settings.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        self.plain_port = ports["HTTP_PORT"]
        self.url = f"https://localhost:{ports['HTTPS_PORT']}"
        self.secrets = self.folder / "secrets"
        self.argv = [*compose_program(self.folder), "--env-file", str(self.settings), "-p", self.project]
        self.environment = os.environ | {
            "SETTINGS": str(self.settings), "SECRETS": str(self.secrets), "COMPOSE": " ".join(self.argv),
            "CERTIFICATES": str(self.folder / "certificates"),
        }  # fmt: skip
        self.told = ""

    def start(self) -> None:
        self.told = run("deploy/first-run", env=self.environment, timeout=900)

    def compose(self, *argv: str, **options: Any) -> str:
        return run(*self.argv, *argv, env=self.environment, **options)

    def inside(self, service: str, script: str, number: int = 1) -> str:
        """Run a Python script in a service's container; return what it printed."""
        return self.compose("exec", "-T", "--index", str(number), service, "python", "-c", script)

    def remove(self) -> None:
        run("deploy/remove", "--data", env=self.environment, timeout=300)

    def forget(self) -> None:
        names = [f"{IMAGES}/{name}" for name in ("platform", "proxy", "database", "redis")]
        subprocess.run(["docker", "image", "rm", *names], capture_output=True, check=False)
        shutil.rmtree(self.folder)

    @property
    def link(self) -> str:
        return re.findall(r"https\S+/sign-in/once/\S+", self.told)[-1]

    @property
    def installation(self) -> str:
        """By this the engine tells what the platform has started."""
        return hashlib.sha256(f"/data/{self.project}".encode()).hexdigest()[:10]

    def containers(self) -> dict[str, list[dict[str, Any]]]:
        """Return what the engine tells of the project's containers: {service: [facts]}."""
        ids = run("docker", "ps", "-aq", "--filter", f"label=com.docker.compose.project={self.project}").split()
        found: dict[str, list[dict[str, Any]]] = {}
        for facts in json.loads(run("docker", "inspect", *ids)) if ids else []:
            found.setdefault(facts["Config"]["Labels"]["com.docker.compose.service"], []).append(facts)
        return found

    @cached_property
    def authority(self) -> ssl.SSLContext:
        """Believe the proxy's own authority, and no other."""
        file = self.folder / "root.crt"
        self.compose("cp", "proxy:/data/caddy/pki/authorities/local/root.crt", str(file))
        return ssl.create_default_context(cafile=str(file))

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        request = urllib.request.Request(f"{self.url}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60, context=self.authority) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as exc:
            return exc.code, exc.read().decode()
