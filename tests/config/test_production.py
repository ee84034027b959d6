"""The settings that docs/operating.md recommends, as a process has them that starts with them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ASK = """
import io, json, django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test import Client
said = io.StringIO()
call_command("check", deploy=True, stdout=said, stderr=said)
client = Client(HTTP_HOST="bazaar.example.org")
plain, secure = client.get("/sign-in/?next=/"), client.get("/healthz", secure=True)
print(json.dumps({
    "check": said.getvalue(),
    "plain": [plain.status_code, plain.headers["Location"]],
    "inside": [client.get("/healthz").status_code, client.get("/metrics").status_code],
    "claims": client.get("/sign-in/", HTTP_X_FORWARDED_PROTO="https").status_code,
    "hsts": secure.headers["Strict-Transport-Security"],
    "cookies": [settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.LANGUAGE_COOKIE_SECURE],
}))
"""


def documented() -> dict[str, str]:
    """Return the variables of the block in docs/operating.md."""
    [block] = re.findall(r"```sh\n(HTTPS=.*?)```", (ROOT / "docs/operating.md").read_text(), re.DOTALL)
    return dict(line.split("=", 1) for line in block.splitlines())


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict:
    environment = {
        "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONWARNINGS": "ignore",
        "DATA_DIR": str(tmp_path_factory.mktemp("production")), **documented(),
    }  # fmt: skip
    asked = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert asked.returncode == 0, asked.stderr
    return json.loads(asked.stdout)


def test_nothing_is_amiss(answers):
    assert "no issues (0 silenced)" in answers["check"]


def test_who_comes_without_tls_is_sent_to_it(answers):
    assert answers["plain"] == [301, "https://bazaar.example.org/sign-in/?next=/"]


def test_what_is_asked_from_inside_needs_none(answers):
    assert answers["inside"] == [200, 404]


def test_a_strangers_word_of_tls_is_not_taken(answers):
    """The proxy's is, by uvicorn, before Django sees the request."""
    assert answers["claims"] == 301


def test_browsers_come_by_tls_alone(answers):
    assert answers["hsts"] == "max-age=31536000; includeSubDomains; preload"
    assert answers["cookies"] == [True, True, True]
