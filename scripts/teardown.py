"""Ends what `make run` started in the engine. With --everything, its images and volumes go too."""

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
    if "--everything" in sys.argv:
        warehouse.remove()
        images.remove()
        return
    warehouse.stop()
    for sandbox in Sandbox.objects.live():
        sandbox.move(State(sandbox.state), State.STOPPED, ended_at=timezone.now())


if __name__ == "__main__":
    from django.core.management import CommandError

    from sandbox.engine import EngineError

    try:
        main()
    except (EngineError, CommandError) as exc:
        sys.exit(str(exc))
