"""The images everything else is made from: a base, the sandbox, the warehouse, the dishes of the course.

`ensure_all` makes what is missing or was made from other files, and takes no time when nothing is. It may be stopped at
any moment and run again.
"""

import hashlib
import io
import os
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from docker.errors import APIError, ImageNotFound

from sandbox import engine, warehouse
from sandbox.container import Address
from sandbox.engine import EngineError, client, errors_translated

BASE = "sarafa-bazaar/base:trixie"
RELEASE = "trixie"
PULLED = f"debian:{RELEASE}-slim"
MAKE_BASE = settings.BASE_DIR / "scripts" / "base.sh"  # installs what it needs, where that is possible

FILES = Path(__file__).parent / "image"
DISHES = ["bhutte-ka-kees", "garadu", "jalebi", "poha", "shikanji"]
# Images that any tutorial asks the world for, made from Debian's packages: {name, with or without a tag: which}.
STAND_INS = {
    "hello-world": "hello-world",
    "busybox": "busybox",
    "alpine": "alpine",
    "nginx": "nginx",
    "nginx:alpine": "nginx",
}
LABEL = "sarafa.made-from"  # the digest of a recipe

QUIET_SECONDS = 20  # after which a pull that says nothing is given up
BUILD_SECONDS = 900  # without a word, likewise

Say = Callable[[str], None]


class BuildFailed(EngineError):
    """An image could not be made."""


@dataclass(frozen=True)
class Recipe:
    """What one image is made from: a directory with a Dockerfile, and arguments for it."""

    name: str
    directory: Path
    skip: frozenset[str] = frozenset()
    arguments: dict[str, str] = field(default_factory=dict)
    target: str | None = None  # the stage of the Dockerfile; the last if not given

    def context(self) -> bytes:
        """Return the directory as a tar archive, the same to the byte as long as no file changes."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for path in sorted(self.directory.rglob("*")):
                inside = path.relative_to(self.directory)
                if path.is_file() and inside.parts[0] not in self.skip and path.suffix not in (".py", ".pyc"):
                    entry = tarfile.TarInfo(str(inside))
                    entry.size = path.stat().st_size
                    entry.mode = 0o755 if os.access(path, os.X_OK) else 0o644
                    with path.open("rb") as file:
                        archive.addfile(entry, file)
        return buffer.getvalue()

    def digest(self, base: str) -> str:
        """Return what is another text after any change of the recipe, or of the base."""
        rest = repr((base, self.target, sorted(self.arguments.items())))
        return hashlib.sha256(self.context() + rest.encode()).hexdigest()


def recipes() -> list[Recipe]:
    return [
        Recipe(settings.SANDBOX_IMAGE, FILES, skip=frozenset({"warehouse", "dishes", "stand-ins"})),
        Recipe(warehouse.IMAGE, FILES / "warehouse"),
        *(Recipe(dish_image(dish), FILES / "dishes", arguments={"DISH": dish}) for dish in DISHES),
        *(Recipe(stand_in(name), FILES / "stand-ins", target=name) for name in sorted(set(STAND_INS.values()))),
    ]


def dish_image(dish: str) -> str:
    return f"sarafa-bazaar/dish-{dish}"


def stand_in(name: str) -> str:
    return f"sarafa-bazaar/stand-in-{name}"


def stock() -> dict[str, str]:
    """Return what the warehouse should have, as `warehouse.seed` takes it: {name: image}.

    What lies below library/ is what daemons ask Docker Hub for when they are told no more than a name.
    """
    stand_ins = {f"library/{name}": stand_in(which) for name, which in STAND_INS.items()}
    return {dish: dish_image(dish) for dish in DISHES} | stand_ins


@errors_translated()
def ensure_all(say: Say) -> None:
    """Have every image on the engine, and say what takes time."""
    ensure_base(say)
    base = id_of(BASE)
    for recipe in recipes():
        ensure(recipe, str(base), say)


@errors_translated()
def send(host: Address, say: Say) -> None:
    """Have the sandbox image that is here on another host, too."""
    name, here = settings.SANDBOX_IMAGE, engine.connect(timeout=BUILD_SECONDS)
    ours = here.inspect_image(name)
    calls = engine.connect(host, timeout=BUILD_SECONDS)  # last: what does not answer from here on is this one
    try:
        theirs = calls.inspect_image(name)
    except ImageNotFound:
        theirs = {}
    made_from = (ours["Config"]["Labels"] or {}).get(LABEL)
    if theirs and (theirs["Id"] == ours["Id"] or (made_from and theirs["Config"]["Labels"].get(LABEL) == made_from)):
        return
    say(f"Sending {name} to {host.name}")
    for event in calls.load_image(here.get_image(name)):
        if "error" in event:
            raise EngineError(f"{host.name} did not take {name}: {event['error']}")
    with engine.suppress_answer("a prune operation is already running"):
        calls.prune_images(filters={"dangling": True, "label": [LABEL]})  # what it has replaced


@errors_translated()
def remove() -> None:
    """Remove every image that this made, and the base, if nothing else uses them."""
    for image in every():
        try:
            client().remove_image(image)
        except ImageNotFound:
            pass
        except APIError as error:
            if error.status_code != 409:  # in use
                raise


def every() -> list[str]:
    """Return the names of all that `ensure_all` makes, the base last."""
    return [*(recipe.name for recipe in recipes()), BASE]


def ensure(recipe: Recipe, base: str, say: Say) -> None:
    digest = recipe.digest(base)
    if label_of(recipe.name) == digest:
        return
    started = time.monotonic()
    say(f"Building {recipe.name}")
    try:
        build(recipe, digest, say)
    except BuildFailed as error:
        if not is_about_network(str(error)):
            raise
        say("The engine's own network does not lead out. Trying with the host's.")
        build(recipe, digest, say, network_mode="host")
    forget_replaced()
    say(f"Built {recipe.name} in {time.monotonic() - started:.0f} s")


def forget_replaced() -> None:
    """Remove what had the name of an image of ours, and has none now."""
    with engine.suppress_answer("a prune operation is already running"):
        client().prune_images(filters={"dangling": True, "label": [LABEL]})


def build(recipe: Recipe, digest: str, say: Say, **options: Any) -> None:
    """Build one image; raise BuildFailed with the last lines of the output."""
    printed: list[str] = []
    events = engine.connect(timeout=BUILD_SECONDS).build(
        fileobj=io.BytesIO(recipe.context()),
        custom_context=True,
        tag=recipe.name,
        buildargs={"BASE": BASE, **recipe.arguments},
        target=recipe.target,
        labels={LABEL: digest},
        rm=True,
        forcerm=True,
        decode=True,
        timeout=BUILD_SECONDS,
        **options,
    )
    for event in events:
        line = str(event.get("stream") or event.get("error") or "").strip()
        if " : RUN " in line:  # the steps that may take long
            say(f"  {line.splitlines()[0]:.100}")
        printed = [*printed, line][-15:]
        if "error" in event:
            raise BuildFailed(f"{recipe.name} could not be built. " + "\n".join(filter(None, printed)))


@errors_translated()
def fetch(name: str) -> str:
    """Pull an image from wherever the engine gets it; return its id. Raise EngineError if nothing comes."""
    try:
        for event in engine.connect().pull(name, tag=None if tag_of(name) else "latest", stream=True, decode=True):
            if "error" in event:
                raise EngineError(f"{name} could not be pulled: {event['error']}")
    except APIError as error:
        raise EngineError(f"{name} could not be pulled: {error.explanation}") from error
    return str(client().inspect_image(name)["Id"])


def tag_of(name: str) -> str:
    """Return the tag that is part of an image's name, which may begin with a registry's address and port."""
    return name.rpartition("/")[2].partition(":")[2]


def name_here(name: str) -> str:
    """Return under which name an image from elsewhere is put on the shelves: as Docker Hub has it, without a host."""
    first, slash, rest = name.partition("/")
    if slash and (set(first) & set(".:") or first == "localhost"):
        return name_here(rest) if first == "docker.io" else rest
    return name if slash else f"library/{name}"


def is_about_network(text: str) -> bool:
    signs = (
        "Temporary failure resolving",
        "Could not resolve",
        "Could not connect",
        "Network is unreachable",
    )
    return any(sign in text for sign in (*signs, "Unable to connect", "connection timed out"))


# --- the base ---


def ensure_base(say: Say) -> None:
    """Have Debian as an image: one that is here, else one that a registry has, else one made from packages."""
    if id_of(BASE):
        return
    if not id_of(PULLED):
        say(f"Pulling {PULLED}")
    if id_of(PULLED) or pulls(PULLED):
        name, tag = BASE.split(":")
        client().tag(PULLED, name, tag)
        return
    say("No registry answers. Making the base image from Debian packages, which takes about a minute")
    make_base(say)


def pulls(image: str) -> bool:
    """Pull an image and return whether it is here now. Give up when nothing has happened for QUIET_SECONDS."""
    last = [time.monotonic()]

    def pull() -> None:
        with suppress(Exception):  # whatever the reason, the image is not here, and another way is tried
            for _ in engine.connect().pull(image, stream=True, decode=True):
                last[0] = time.monotonic()

    worker = threading.Thread(target=pull, daemon=True)
    worker.start()
    while worker.is_alive() and time.monotonic() - last[0] < QUIET_SECONDS:
        worker.join(0.2)
    return id_of(image) is not None


def make_base(say: Say) -> None:
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR) as directory:
        file = f"{directory}/base.tar"
        done = subprocess.run([MAKE_BASE, file], capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise BuildFailed(f"The base image could not be made. {done.stderr.strip()[-800:]}")
        name, tag = BASE.split(":")
        client().import_image(file, repository=name, tag=tag)


def id_of(image: str) -> str | None:
    try:
        return str(client().inspect_image(image)["Id"])
    except ImageNotFound:
        return None


def label_of(image: str) -> str | None:
    """Return the digest of the recipe an image was made from, or None if there is no such image, or it is not ours."""
    try:
        found = client().inspect_image(image)["Config"]["Labels"] or {}
    except ImageNotFound:
        return None
    return found.get(LABEL)
