"""What is seen of a learner's sandbox from afar, in a picture of the whole class: its containers, and how they are.

The facts are the word of a program that the learner can put in the daemon's place: any shape is possible.
"""

from typing import Any

SHOWN = 30  # containers of each learner, the newest
LONGEST = 80  # letters of a name


def containers_of(facts: dict[str, Any]) -> list[dict[str, str]]:
    """Return [{"name", "image", "state"}] of the facts' containers, leaving out what is none."""
    seen = (container_of(one) for one in as_list(facts.get("containers"))[:SHOWN])
    return [one for one in seen if one["name"]]


def container_of(shown: object) -> dict[str, str]:
    container = as_dict(shown)
    return {
        "name": as_text(container.get("Name")).lstrip("/"),
        "image": as_text(as_dict(container.get("Config")).get("Image")),
        "state": as_text(as_dict(container.get("State")).get("Status")),
    }


def as_text(value: object) -> str:
    """Return a text's beginning, without what a database or a page could not hold."""
    return "".join(letter for letter in value if letter.isprintable())[:LONGEST] if isinstance(value, str) else ""


def as_dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
