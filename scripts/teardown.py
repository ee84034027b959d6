"""Ends what `make run` started in the engine: sandboxes and the warehouse.

With --shelves, the volumes that belong to this DATA_DIR go too; with --everything, also the images, which all share.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django


def main() -> None:
    django.setup()
    from django.utils import timezone

    from sandbox import containers, images, warehouse
    from sandbox.models import Sandbox, State

    for container_id in (containers.living() | containers.ended()).values():
        containers.remove(container_id)
    if {"--shelves", "--everything"} & set(sys.argv):
        warehouse.remove()
    else:
        warehouse.stop()
    if "--everything" in sys.argv:
        images.remove()
        return
    for sandbox in Sandbox.objects.live():
        sandbox.move(State(sandbox.state), State.STOPPED, ended_at=timezone.now())


if __name__ == "__main__":
    from django.core.management import CommandError

    from sandbox.engine import EngineError

    try:
        main()
    except (EngineError, CommandError) as exc:
        sys.exit(str(exc))
