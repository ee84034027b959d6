"""What an archive says of itself, last in it: an archive that was cut off says nothing."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from backups.errors import BackupError
from config.version import VERSION

FORMAT = 1
NAME = "manifest.json"
LIMIT = 1 << 20  # bytes
PRODUCT = "sarafa-bazaar"


@dataclass(frozen=True)
class Part:
    """One file in the archive: `size` bytes, of which `unpacked` become, the same if it is not compressed."""

    size: int
    sha256: str
    unpacked: int


@dataclass(frozen=True)
class Manifest:
    version: str
    made_at: datetime
    migrations: list[str]  # that the database has, as "app.name"
    parts: dict[str, Part]

    @classmethod
    def of(cls, migrations: list[str], parts: dict[str, Part]) -> "Manifest":
        return cls(VERSION, timezone.now(), migrations, parts)

    def as_json(self) -> bytes:
        said = {"product": PRODUCT, "format": FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}
        return json.dumps(said, indent=1).encode()

    @classmethod
    def read(cls, text: bytes) -> "Manifest":
        """Raise BackupError if it is not one, or of a format that is not known here."""
        try:
            said = json.loads(text)
            product, known = said["product"] == PRODUCT, said["format"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise BackupError("The archive's manifest cannot be read.") from None
        if not product:
            raise BackupError("This is an archive of something else.")
        if known != FORMAT:
            raise BackupError(
                f"The archive is of format {known!r}, and only {FORMAT} is known here: use a newer version."
            )
        try:
            parts = {str(name): part_of(part) for name, part in said["parts"].items()}
            migrations = [str(name) for name in said["migrations"]]
            return cls(str(said["version"]), datetime.fromisoformat(said["made_at"]), migrations, parts)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BackupError("The archive's manifest cannot be read.") from None

    def unknown_migrations(self) -> list[str]:
        """Return those that this version does not have: the data are a newer one's."""
        loader = MigrationLoader(None)
        known = set(loader.disk_migrations)
        known |= {key for migration in loader.disk_migrations.values() for key in migration.replaces}
        return sorted(set(self.migrations) - {".".join(key) for key in known})


def part_of(said: dict[str, object]) -> Part:
    size, sha256, unpacked = said["size"], said["sha256"], said["unpacked"]
    if not (isinstance(size, int) and isinstance(unpacked, int) and isinstance(sha256, str)):
        raise TypeError
    if size < 0 or unpacked < 0:
        raise ValueError
    return Part(size, sha256, unpacked)
