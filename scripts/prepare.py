"""Makes ready what the processes need: database, static files, images, warehouse. Each step is skipped if done.

With --images-only, images; with --without-static, all but the static files, which an image of the platform has in it.
"""

import fcntl
import hashlib
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


def collect_static() -> None:
    """Collect and compress styles and scripts, which takes long, unless those that are there are of the same files.

    Of processes that share STATIC_ROOT one collects, and the others wait.
    """
    from django.conf import settings

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    with (settings.STATIC_ROOT / ".sources").open("a+") as known:
        fcntl.flock(known, fcntl.LOCK_EX)
        known.seek(0)
        sources = static_sources()
        if known.read() == sources:
            return
        step("Styles and scripts", "collectstatic", "--noinput")
        known.truncate(0)
        known.write(sources)


def static_sources() -> str:
    """Return what is another text after any change of a static file."""
    from django.contrib.staticfiles.finders import get_finders

    paths = [Path(storage.path(name)) for finder in get_finders() for name, storage in finder.list([])]
    found = sorted((str(path), (stat := path.stat()).st_size, stat.st_mtime_ns) for path in paths)
    return hashlib.sha256(repr(found).encode()).hexdigest()


def main() -> None:
    django.setup()
    step("Images", "images")
    if "--images-only" in sys.argv:
        return
    finish_restore()
    step("Database", "migrate")
    if "--without-static" not in sys.argv:
        collect_static()
    step("Warehouse", "warehouse", "up")
    step("Course images", "warehouse", "seed")


def finish_restore() -> None:
    """Put the rest of a backup in place, if that was cut off half-way: nobody may meet a half of it."""
    from backups import restoring

    if restoring.finish():
        print("A restore that was cut off has been finished.", flush=True)


if __name__ == "__main__":
    from django.core.management import CommandError

    from backups.errors import BackupError
    from sandbox.engine import EngineError

    try:
        main()
    except (BackupError, EngineError, CommandError) as exc:
        sys.exit(str(exc))
    except KeyboardInterrupt:
        sys.exit("Stopped. What is done so far is kept: the next start goes on from there.")
