"""All images in one archive: written where they were made, and taken in where nothing can be fetched."""

from collections.abc import Iterator
from pathlib import Path

from sandbox import engine, images
from sandbox.engine import EngineError, client, errors_translated

SILENT_SECONDS = 600
CHUNK = 1 << 20


@errors_translated()
def size() -> int:
    """Return how many bytes they take in the engine at most: what they share is counted for each."""
    return sum(int(client().inspect_image(name)["Size"]) for name in images.every())


def save() -> Iterator[bytes]:
    """Yield what `docker load` takes. Raise EngineError."""
    with errors_translated():
        calls = engine.connect(timeout=SILENT_SECONDS)
        address = f"{calls.base_url}/v{calls.api_version}/images/get"  # docker-py's own call takes but one image
        with calls.get(address, params={"names": images.every()}, stream=True) as answer:
            calls._raise_for_status(answer)  # type: ignore[attr-defined]
            yield from answer.iter_content(CHUNK)


@errors_translated()
def load(file: Path) -> None:
    """Take in what `save` has written, compressed or not, so that `images.ensure_all` makes none of it.

    Raise EngineError if that is not so: the archive is of other recipes, or the engine names images in another way.
    """
    with file.open("rb") as stream:
        for event in engine.connect(timeout=SILENT_SECONDS).load_image(stream):
            if "error" in event:
                raise EngineError(f"The engine did not take the images in {file}: {event['error']}")
    base = str(images.id_of(images.BASE))
    others = [recipe.name for recipe in images.recipes() if images.label_of(recipe.name) != recipe.digest(base)]
    if others:
        raise EngineError(
            f"The images in {file} are not as the platform wants them: {', '.join(others)}. If this engine keeps "
            "images in containerd's store, set containerd-snapshotter to false in its daemon.json, and start it anew."
        )
    images.forget_replaced()
