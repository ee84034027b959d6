"""What a bundle says of itself, in words that a shell reads as well as a person.

Its head are lines of "# name: value", which `sha256sum --check` takes for comments; its body are the sums.
"""

from dataclasses import dataclass, field

NAME = "MANIFEST"
FORMAT = 1


@dataclass
class Manifest:
    version: str
    architecture: str  # as Debian names it
    releases: list[str]
    made_at: str
    room: int  # MiB of disk that it takes to install it
    sums: dict[str, str] = field(default_factory=dict)  # {name of a file: its SHA-256}

    @property
    def folder(self) -> str:
        return f"sarafa-bazaar-{self.version}-{self.architecture}"

    def as_text(self) -> str:
        facts = {
            "product": "sarafa-bazaar",
            "format": FORMAT,
            "version": self.version,
            "architecture": self.architecture,
            "releases": " ".join(self.releases),
            "made": self.made_at,
            "room": self.room,
        }
        head = [f"# {name}: {value}" for name, value in facts.items()]
        return "\n".join([*head, *(f"{sha256}  {name}" for name, sha256 in self.sums.items()), ""])
