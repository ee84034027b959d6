"""How engines on other hosts are reached: by TLS, with certificates on both sides, and a sentence for what is wrong."""

import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import settings

from sandbox import engine, images, streaming, wires
from sandbox.container import Address
from sandbox.engine import EngineUnreachable
from tests.fleet.authority import Authority

pytestmark = pytest.mark.slow

HERE = "127.0.0.1"


class Answers(BaseHTTPRequestHandler):
    """As much of an engine as is asked for at first."""

    def do_GET(self) -> None:
        body = json.dumps({"ApiVersion": "1.41", "Version": "20.10.24"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class HangsUp(Answers):
    """An engine that is there at first, and gone when it is asked for more."""

    def do_GET(self) -> None:
        if self.path.endswith("/version"):
            super().do_GET()
        self.close_connection = True


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        """A client that is refused is none of the server's trouble."""


def serve(folder: Path | None, handler: type[Answers] = Answers) -> Quiet:
    server = Quiet((HERE, 0), handler)
    if folder:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(autouse=True)
def ours(settings, tmp_path, authority) -> Path:
    """Certificates of the platform's for the host `far`."""
    settings.DATA_DIR = tmp_path
    return authority.issue(Address("far", "").certificates)


@pytest.fixture
def far(tmp_path) -> Iterator:
    servers = []

    def open_far(folder: Path | None, handler: type[Answers] = Answers) -> Address:
        servers.append(serve(folder, handler))
        return Address("far", f"tcp://{HERE}:{servers[-1].server_address[1]}")

    yield open_far
    for server in servers:
        server.shutdown()
        server.server_close()


async def ask(host: Address) -> str:
    try:
        with streaming.engine_errors():
            return (await streaming.client(host).version())["Version"]
    finally:
        await streaming.close_client()


async def test_with_certificates_on_both_sides_it_is_reached(far, authority, tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "of-the-world.pem"))
    host = far(authority.issue(tmp_path / "tls", HERE))
    engine.knock(host)
    assert await ask(host) == "20.10.24"


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("another authority", "not by the authority in ca.pem"),
        ("expired", "Its certificate has expired"),
        ("another address", "for another name or address"),
        ("ours expired", r"cert\.pem has expired"),
        ("ours of another authority", "It does not take our certificate"),
        ("no TLS", "It does not speak TLS there"),
        ("a file is missing", r"cert\.pem cannot be read\. Put ca\.pem, cert\.pem and key\.pem there"),
        ("a file is broken", r"cert\.pem is no certificate"),
    ],
)
async def test_only_our_authority_is_believed(far, authority, ours, tmp_path, case, why):
    theirs = (Authority() if case == "another authority" else authority).issue(
        tmp_path / "tls", "127.0.0.9" if case == "another address" else HERE, expired=case == "expired"
    )
    if case.startswith("ours"):
        own = (
            authority.issue(tmp_path / "own", expired=True)
            if "expired" in case
            else Authority().issue(tmp_path / "own")
        )
        for part in ("cert.pem", "key.pem"):
            shutil.copy(own / part, ours / part)
    if case == "a file is missing":
        (ours / "cert.pem").unlink()
    if case == "a file is broken":
        (ours / "cert.pem").write_text("no certificate")
    host = far(None if case == "no TLS" else theirs)
    with pytest.raises(EngineUnreachable, match=why):
        engine.knock(host)
    with pytest.raises(EngineUnreachable):
        await ask(host)


@pytest.mark.parametrize("says_it_signs", [True, False])
def test_an_authority_that_does_not_say_that_it_signs_is_told_from_another(far, tmp_path, says_it_signs):
    tls = Authority(says_it_signs=says_it_signs).issue(tmp_path / "tls", HERE)
    strictly = ssl.create_default_context(cafile=str(tls / "ca.pem"))  # as Python does by itself from 3.13 on
    strictly.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        with socket.create_connection((HERE, int(far(tls).url.rpartition(":")[2]))) as raw:
            strictly.wrap_socket(raw, server_hostname=HERE).close()
    except ssl.SSLError as error:
        why = str(engine.unreachable(error))
    else:
        why = ""
    assert ("does not say that it signs" in why) == (not says_it_signs)


def test_certificates_are_good_that_are_made_as_the_guide_says(tmp_path):
    guide = (settings.BASE_DIR / "docs" / "operating.md").read_text()
    recipe = re.search(r"```sh\n(# Once, on a machine that you trust.*?)```", guide, re.DOTALL)
    verify = "openssl verify -x509_strict -CAfile ca.pem -purpose"
    checks = f"{verify} sslclient cert.pem && {verify} sslserver -verify_ip 10.0.0.2 host-cert.pem"
    done = subprocess.run(["bash", "-ec", recipe[1] + checks], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout == "cert.pem: OK\nhost-cert.pem: OK\n", done.stderr


def test_a_host_is_never_asked_without_tls(settings):
    assert wires.is_tls(Address("far", "tcp://10.0.0.2:2375"))
    assert not wires.is_tls(Address("local", "tcp://10.0.0.2:2375"))
    with pytest.raises(EngineUnreachable, match=r"ca\.pem cannot be read"):
        engine.knock(Address("bare", "tcp://10.0.0.2:2375"))


def test_who_does_not_take_the_image_is_not_said_to_be_the_local_engine(far, authority, tmp_path, settings):
    settings.DOCKER_HOST = far(None).url
    host = far(authority.issue(tmp_path / "tls", HERE), HangsUp)
    with pytest.raises(EngineUnreachable, match=f"No Docker Engine answers at {host.url}"):
        images.send(host, print)


def test_where_nobody_answers_it_is_said_soon(ours):
    with socket.socket() as taken:
        taken.bind((HERE, 0))  # and does not listen
        with pytest.raises(EngineUnreachable, match="See whether the host far and its engine are up"):
            engine.knock(Address("far", f"tcp://{HERE}:{taken.getsockname()[1]}"))
