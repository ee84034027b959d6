"""Where the room finds the platform: asked in a network of the test's own."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
INTERFACES = """
mount -t sysfs sysfs /sys
ip link set lo up
ip link add cable type veth peer name other-end
ip link add bridge type bridge
ip address add 198.51.100.5/24 dev cable
ip address add 172.31.0.1/16 dev bridge
"""
ASK = f'"{sys.executable}" -c "import addresses; print(addresses.addresses())"'


def ask(script: str) -> str:
    argv = ["unshare", "--map-root-user", "--net", "--mount", "sh", "-ec", script + ASK]
    return subprocess.run(argv, cwd=SCRIPTS, check=True, capture_output=True, text=True).stdout.strip()


def test_the_room_reaches_it_by_its_interfaces_but_not_by_the_engines_bridges():
    assert ask(INTERFACES) == "['198.51.100.5']"


def test_without_a_network_there_is_none():
    assert ask("") == "[]"
