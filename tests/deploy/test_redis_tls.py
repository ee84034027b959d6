"""A Redis that is elsewhere: it is reached with TLS, and must show a certificate of the authority that is named."""

import ipaddress
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox import keys
from tests.brokers import tried
from tests.browser.platform_under_test import free_port, until
from tests.deploy.deployment import IMAGES, Deployment, run

PASSWORD = "only with this"


def certificate_for(address: str, authority: keys.Key) -> bytes:
    """Return a key and a certificate of the authority's."""
    private = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "redis")]))
        .issuer_name(authority.certificate.subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .sign(authority.private, hashes.SHA256())
    )
    own = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return own + certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def authority() -> keys.Key:
    return keys.make()


@pytest.fixture(scope="module")
def address(deployment: Deployment, authority: keys.Key, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the deployment's Redis with TLS, and return where."""
    name, port, folder = f"redis-{secrets.token_hex(4)}", free_port(), tmp_path_factory.mktemp("tls")
    (folder / "redis.pem").write_bytes(certificate_for("127.0.0.1", authority))
    folder.chmod(0o755)
    program = [
        "valkey-server",
        "--port",
        "0",
        "--tls-port",
        "6380",
        "--tls-auth-clients",
        "no",
        "--requirepass",
        PASSWORD,
    ]
    program += ["--tls-cert-file", "/tls/redis.pem", "--tls-key-file", "/tls/redis.pem"]
    program += ["--tls-ca-cert-file", "/tls/redis.pem"]
    options = ["--name", name, "-p", f"127.0.0.1:{port}:6380", "-v", f"{folder}:/tls:ro"]
    run("docker", "run", "-d", *options, f"{IMAGES}/redis", *program)
    try:
        until(lambda: "Ready to accept connections" in run("docker", "logs", name), 10, "Redis")
        time.sleep(0.1)
        yield f"rediss://127.0.0.1:{port}/0"
    finally:
        run("docker", "rm", "-f", name)


def answers(folder: Path, address: str, authority: keys.Key) -> dict[str, object]:
    (folder / "ca.pem").write_text(authority.certificate_pem)
    return tried(folder, REDIS_URL=address, REDIS_PASSWORD=PASSWORD, REDIS_CA_FILE=str(folder / "ca.pem"))


def test_everyone_goes_there_with_tls(address: str, authority: keys.Key, tmp_path: Path):
    assert answers(tmp_path, address, authority) == {"cache": True, "queue": True, "layer": True}


def test_nobody_takes_a_strangers_certificate(address: str, tmp_path: Path):
    assert all("CERTIFICATE_VERIFY_FAILED" in str(said) for said in answers(tmp_path, address, keys.make()).values())


def test_nobody_takes_a_certificate_of_another_name(address: str, authority: keys.Key, tmp_path: Path):
    elsewhere = address.replace("127.0.0.1", "localhost")
    assert all("CERTIFICATE_VERIFY_FAILED" in str(said) for said in answers(tmp_path, elsewhere, authority).values())
