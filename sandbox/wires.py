"""How an engine is reached: by a socket of this machine, or by TLS with a certificate on both sides.

A host that is unplugged says nothing any more: the options of the sockets are such that the kernel notices.
"""

import os
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiodocker
import aiohttp
import docker
from cryptography import x509
from docker.errors import TLSParameterError
from docker.tls import TLSConfig
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from sandbox.container import LOCAL, Address

CONNECT_SECONDS = 4  # with its handshake, which a busy engine may be late with
# Silent for 5 seconds, the other side is asked every 2, and given up after 3 without an answer; what was sent and is
# not taken is given up after 10.
OPTIONS = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10_000),
]


class Adapter(HTTPAdapter):
    """Connections over a network, which may be cut."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, socket_options=[*HTTPConnection.default_socket_options, *OPTIONS], **kwargs)

    def send(self, request: Any, stream: bool = False, timeout: Any = None, *args: Any, **kwargs: Any) -> Any:
        return super().send(request, stream, (CONNECT_SECONDS, timeout), *args, **kwargs)


class Trust(TLSConfig):
    """Whom we believe, and how we prove who we are. REQUESTS_CA_BUNDLE, which is about the world's, changes nothing."""

    def configure_client(self, client: Any) -> None:
        super().configure_client(client)
        client.trust_env = False
        client.mount("https://", Adapter())


def connect(host: Address, timeout: int) -> docker.APIClient:
    if not is_tls(host):
        return docker.APIClient(base_url=host.url, version="auto", timeout=timeout)
    ca, certificate, key = certificates(host)
    trust = Trust(client_cert=(certificate, key), ca_cert=ca, verify=True)
    return docker.APIClient(base_url=host.url, version="auto", timeout=timeout, tls=trust)


def connect_async(host: Address) -> aiodocker.Docker:
    """Return a client without a limit on streams: each open terminal and log is one."""
    if host.url.startswith("unix://"):
        connector: aiohttp.BaseConnector = aiohttp.UnixConnector(host.url.removeprefix("unix://"), limit=0)
        return aiodocker.Docker(url="unix://localhost", connector=connector)
    place = host.url.removeprefix("tcp://")
    if not is_tls(host):
        return aiodocker.Docker(url=f"http://{place}", connector=aiohttp.TCPConnector(limit=0))
    ca, certificate, key = certificates(host)
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(certificate, key)
    connector = aiohttp.TCPConnector(limit=0, ssl=context, socket_factory=new_socket)
    timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS)
    return aiodocker.Docker(url=f"https://{place}", connector=connector, ssl_context=context, timeout=timeout)


def new_socket(address: Any) -> socket.socket:
    family, kind, protocol, _name, _at = address
    made = socket.socket(family, kind, protocol)
    for option in OPTIONS:
        made.setsockopt(*option)
    return made


def is_tls(host: Address) -> bool:
    """Whether it is reached by TLS. The local engine alone may be reached by TCP without, as DOCKER_HOST is set."""
    return host.url.startswith("tcp://") and (host.name != LOCAL or folder_of(host).is_dir())


def folder_of(host: Address) -> Path:
    given = os.environ.get("DOCKER_CERT_PATH") if host.name == LOCAL else ""
    return Path(given) if given else host.certificates


def certificates(host: Address) -> tuple[str, str, str]:
    """Return the files of the authority's certificate, of ours, and of our key. Raise TLSParameterError without."""
    ca, certificate, key = (str(folder_of(host) / part) for part in ("ca.pem", "cert.pem", "key.pem"))
    for file in (ca, certificate, key):
        if not os.access(file, os.R_OK):
            raise TLSParameterError(f"{file} cannot be read.")
    for file in (ca, certificate):  # an engine may refuse one that has expired by no more than hanging up
        if end_of(Path(file)) < datetime.now(UTC):
            raise TLSParameterError(f"{file} has expired.")
    return ca, certificate, key


def end_of(file: Path) -> datetime:
    """Return when a certificate ends. Raise TLSParameterError if it is none."""
    try:
        return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    except ValueError:
        raise TLSParameterError(f"{file} is no certificate.") from None
