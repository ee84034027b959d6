"""Which container, on which engine: what no call to an engine can do without."""

from pathlib import Path
from typing import NamedTuple

from django.conf import settings

LOCAL = "local"  # the host whose engine DOCKER_HOST names


class Address(NamedTuple):
    """Where an engine answers. The name is that of its host."""

    name: str
    url: str

    @property
    def certificates(self) -> Path:
        """Where ca.pem, cert.pem and key.pem for it lie, if it is reached by TLS."""
        return settings.DATA_DIR / "hosts" / self.name


class Container(NamedTuple):
    """A container on the engine of a host."""

    host: Address
    id: str  # or its name


def local() -> Address:
    return Address(LOCAL, settings.DOCKER_HOST)


def here(name: str) -> Container:
    """Return the container of that id or name on the local engine."""
    return Container(local(), name)
