"""Ends what `make run` started in the engine: sandboxes and the warehouse.

With --shelves, the volumes that belong to this DATA_DIR go too; with --everything, also the images, which all share.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.container import Address

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

AT_ONCE = 4


def main() -> None:
    django.setup()
    from django.utils import timezone

    from sandbox import customer, gateway, images, warehouse
    from sandbox.container import local
    from sandbox.models import Host, Sandbox, State

    if "--everything" not in sys.argv:
        save_homes()
    everywhere = [local()] if "--everything" in sys.argv else [host.address for host in Host.objects.all()]
    for host in everywhere:
        clear(host)
    customer.remove()
    gateway.close()
    if {"--shelves", "--everything"} & set(sys.argv):
        warehouse.remove()
    else:
        warehouse.stop()
    if "--everything" in sys.argv:
        images.remove()
        return
    for sandbox in Sandbox.objects.live():
        sandbox.move(State(sandbox.state), State.STOPPED, ended_at=timezone.now())


def clear(host: "Address") -> None:
    """Remove this platform's sandboxes from a host; one that does not answer is cleared when it is looked at again."""
    from sandbox import containers, gateway
    from sandbox.container import LOCAL, Container
    from sandbox.engine import EngineError

    try:
        found = containers.made(host=host)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(containers.remove, [Container(host, item["Id"]) for item in found.values()]))
        if host.name != LOCAL:
            gateway.remove_relay(host)
    except EngineError as exc:
        if host.name == LOCAL:
            raise
        print(f"The host {host.name} could not be cleared: {exc}", file=sys.stderr)


def save_homes() -> None:
    """Keep what learners have in their homes, as when their time ends."""
    from django.db import connection

    from sandbox import homes, idle
    from sandbox.engine import EngineError
    from sandbox.models import Sandbox

    def save(sandbox: Sandbox) -> None:
        try:
            if sandbox.paused_at:
                idle.wake(sandbox)
            homes.save_last(sandbox)
        except EngineError as exc:
            print(f"The files of sandbox {sandbox.code} could not be saved: {exc}", file=sys.stderr)
        finally:
            connection.close()

    running = Sandbox.objects.claimed().live().select_related("learner")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(save, running))


if __name__ == "__main__":
    from django.core.management import CommandError

    from sandbox.engine import EngineError

    try:
        main()
    except (EngineError, CommandError) as exc:
        sys.exit(str(exc))
