"""Ends what `make run` started in the engine: sandboxes and the warehouse.

With --shelves, the volumes that belong to this DATA_DIR go too; with --everything, also the images, which all share.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

AT_ONCE = 4


def main() -> None:
    django.setup()
    from django.utils import timezone

    from sandbox import containers, customer, images, warehouse
    from sandbox.container import here
    from sandbox.models import Sandbox, State

    if "--everything" not in sys.argv:
        save_homes()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(containers.remove, map(here, (containers.living() | containers.ended()).values())))
    customer.remove()
    if {"--shelves", "--everything"} & set(sys.argv):
        warehouse.remove()
    else:
        warehouse.stop()
    if "--everything" in sys.argv:
        images.remove()
        return
    for sandbox in Sandbox.objects.live():
        sandbox.move(State(sandbox.state), State.STOPPED, ended_at=timezone.now())


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
