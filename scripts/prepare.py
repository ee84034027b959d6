"""Makes ready what the processes need: database, static files, images, warehouse. Each step is skipped if done."""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django


def step(text: str, *command: str) -> None:
    from django.core.management import call_command

    began = time.monotonic()
    print(f"{text} …", flush=True)
    call_command(*command, verbosity=0)
    took = time.monotonic() - began
    if took > 3:
        print(f"  done in {took:.0f} s", flush=True)


def main() -> None:
    django.setup()
    step("Images", "images")
    if "--images-only" in sys.argv:
        return
    step("Database", "migrate")
    step("Styles and scripts", "collectstatic", "--noinput")
    step("Warehouse", "warehouse", "up")
    step("Course images", "warehouse", "seed")


if __name__ == "__main__":
    from django.core.management import CommandError

    from sandbox.engine import EngineError

    try:
        main()
    except (EngineError, CommandError) as exc:
        sys.exit(str(exc))
    except KeyboardInterrupt:
        sys.exit("Stopped. What is done so far is kept: the next start goes on from there.")
