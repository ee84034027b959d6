"""By which addresses other computers reach this one, as far as its network interfaces tell."""

import fcntl
import socket
import struct
from pathlib import Path

SIOCGIFADDR = 0x8915  # netdevice(7)
BY_ITSELF = ("127.", "169.254.")  # the loopback, and what an interface makes up where nobody gives it an address


def addresses() -> list[str]:
    """Return the IPv4 addresses of the interfaces, but not those of the engine's bridges."""
    names = [name for _, name in socket.if_nameindex() if not Path("/sys/class/net", name, "bridge").exists()]
    found = [address for name in names if (address := address_of(name))]
    return [address for address in found if not address.startswith(BY_ITSELF)]


def address_of(interface: str) -> str:
    """Return the first address of an interface, or "" if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        try:
            answer = fcntl.ioctl(link, SIOCGIFADDR, struct.pack("256s", interface.encode()))
        except OSError:
            return ""
    return socket.inet_ntoa(answer[20:24])
