"""The platform's own key: the warehouse believes what it signs; passwords that nobody stores follow from it."""

import hashlib
import hmac
import os
import tempfile
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings

YEARS = timedelta(days=365 * 30)


@dataclass(frozen=True)
class Key:
    """A private key, and the certificate by which others know it."""

    private: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def private_pem(self) -> str:
        form = serialization.PrivateFormat.PKCS8
        pem = self.private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        return pem.decode()

    @property
    def x5c(self) -> list[str]:
        """Return the certificate as a token's header names it (RFC 7515, 4.1.6)."""
        return [b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()]

    def derive(self, purpose: str, text: str) -> bytes:
        """Return 32 bytes that only who has the key can tell: always the same for the same purpose and text."""
        number = self.private.private_numbers().private_value.to_bytes(32, "big")
        return hmac.new(number, f"{purpose}\0{text}".encode(), hashlib.sha256).digest()

    def issue(self, name: str) -> "Key":
        """Make another key, and a certificate by this one for it, that says the name."""
        private = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        certificate = (
            builder_of(name, self.certificate.subject, private)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .sign(self.private, hashes.SHA256())
        )
        return Key(private, certificate)


def own() -> Key:
    """Return this platform's key, made on the first call and kept in DATA_DIR."""
    return load(settings.DATA_DIR / "warehouse.pem")


def fleet() -> Key:
    """Return the key that vouches for hosts. It is another than the warehouse's: that believes whom its key names."""
    return load(settings.DATA_DIR / "fleet.pem")


@lru_cache
def load(file: Path) -> Key:
    if not file.exists():
        keep(make(), file)
    content = file.read_bytes()
    private = serialization.load_pem_private_key(content, None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{file} is not a key of the warehouse's kind")
    return Key(private, x509.load_pem_x509_certificate(content))


def make() -> Key:
    private = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        builder_of("Sarafa Bazaar", name_of("Sarafa Bazaar"), private)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    return Key(private, certificate)


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def builder_of(name: str, issuer: x509.Name, private: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name_of(name))
        .issuer_name(issuer)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=365))  # the clock may be set back
        .not_valid_after(now + YEARS)
    )


def keep(key: Key, file: Path) -> None:
    """Write a key for nobody else to read. If another process has just kept one, that one stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".key") as whole:  # its mode is 0600
        whole.write((key.private_pem + key.certificate_pem).encode())
        whole.flush()
        with suppress(FileExistsError):
            os.link(whole.name, file)
