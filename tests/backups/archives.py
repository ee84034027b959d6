"""Archives made by hand, the good and the bad."""

import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from backups import archive, manifest
from backups.manifest import Manifest, Part


@dataclass(frozen=True)
class Entry:
    name: str
    content: bytes = b""
    kind: bytes = tarfile.REGTYPE
    target: str = ""


def tar_of(*entries: Entry, format: int = tarfile.GNU_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as made:
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.type, info.linkname, info.size = entry.kind, entry.target, len(entry.content)
            made.addfile(info, io.BytesIO(entry.content))
    return buffer.getvalue()


def parts_of(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as found:
        return {name: found.extractfile(name).read() for name in found.getnames()}


def told(parts: dict[str, bytes], unpacked: dict[str, int] | None = None, **changes: object) -> Manifest:
    """Return a manifest that is true of these parts, but for the changes."""
    sizes = {name: len(content) for name, content in parts.items()} | (unpacked or {})
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
    said = {"migrations": [], "parts": {name: Part(len(parts[name]), hashes[name], sizes[name]) for name in parts}}
    return Manifest.of(**(said | changes))


def forge(
    file: Path, unpacked: dict[str, int] | None = None, migrations: list[str] | None = None, **parts: bytes
) -> None:
    """Write an archive again with other parts, and a manifest that is true of them. A part without content goes."""
    before = parts_of(file)
    names = {"database": archive.SQLITE, "registry": archive.REGISTRY, "key": archive.WAREHOUSE_KEY}
    before |= {names[short]: content for short, content in parts.items()}
    said = Manifest.read(before.pop(manifest.NAME))
    kept = {name: content for name, content in before.items() if content}
    sizes = {name: said.parts[name].unpacked for name in kept if name.endswith(".gz")} | (unpacked or {})
    fresh = told(kept, sizes, migrations=said.migrations if migrations is None else migrations)
    kept[manifest.NAME] = fresh.as_json()
    file.write_bytes(tar_of(*(Entry(name, content) for name, content in kept.items())))
