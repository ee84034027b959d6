"""The customer in Rajwada: a daemon of the platform's own, which orders what learners push (step 5 of the flow).

It lives in a sandbox like a learner's, and is bounded like one. What it orders are strangers' images: each runs without
a network, for ORDER_SECONDS at most, and is thrown away afterwards. A customer that is broken is replaced by a new one.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from sandbox import accounts, containers
from sandbox.alone import alone
from sandbox.container import Container, here, local
from sandbox.engine import ContainerGone, EngineError
from sandbox.tap import plain_name

CODE = "rajwada"
LABEL = "sarafa.customer"
OWNER_UID = containers.FIRST_OWNER_UID + 1  # between the ids that containers map and those of learners' sandboxes
IMAGE = re.compile(r"warehouse:5000/[a-z0-9._/-]{1,200}(:[\w.-]{1,128})?")
LONGEST = 255  # letters of an image's name that are kept
PUSH = re.compile(r"/images/(.+)/push")
READY_SECONDS = 30
PULL_SECONDS = 30
ORDER_SECONDS = 10
OUTPUT = 4000  # bytes of what was served that are kept

# $1 is the image. The exit codes of timeout and docker are kept apart: 65 says that the image could not be had.
SCRIPT = f"""
docker pull --quiet "$1" > /dev/null || exit 65
name=order-$$
timeout --kill-after=1 {ORDER_SECONDS} docker run --rm --sig-proxy=false --name $name --network none --memory 64m \\
    --memory-swap 64m --pids-limit 32 --cpus 0.5 --cap-drop ALL --security-opt no-new-privileges "$1" 2>&1 |
    head --bytes={OUTPUT}
code=${{PIPESTATUS[0]}}
docker rm --force $name > /dev/null 2>&1
docker rmi --force "$1" > /dev/null 2>&1
exit $code
"""


class NotThere(Exception):
    """The warehouse has no such image, or not yet."""


@dataclass(frozen=True)
class Served:
    """What the customer got: what the image printed, and its exit code; 124 if it did not end by itself."""

    output: str
    code: int


def pushed(calls: Iterable[dict[str, Any]], space: str) -> Iterator[tuple[str, str]]:
    """Yield (when, image) of each push into a space that the daemon was asked for; whether it was done is not said."""
    for call in calls:
        found = PUSH.fullmatch(call["path"]) if call["method"] == "POST" else None
        if found and space and found[1].startswith(f"warehouse:5000/{space}/"):
            tag = parse_qs(call["query"]).get("tag", [""])[0]
            image = plain_name(f"{found[1]}:{tag}" if tag else found[1])
            if IMAGE.fullmatch(image) and len(image) <= LONGEST:
                yield call["at"], image


def order(image: str) -> Served:
    """Have the customer pull an image and run it. Raise NotThere, or EngineError if the customer cannot be had."""
    if not IMAGE.fullmatch(image):
        raise NotThere(image)
    try:
        return ask(ensure_there(), image)
    except ContainerGone:
        return ask(ensure_there(), image)


def ask(container: Container, image: str) -> Served:
    seconds = PULL_SECONDS + ORDER_SECONDS + 5
    argv = ["bash", "-c", SCRIPT, "customer", image]
    code, output = containers.run_as_learner(container, OWNER_UID, argv, seconds)
    if code == 65:
        raise NotThere(output.strip()[-200:] or image)
    if code == 125 or "Cannot connect to the Docker daemon" in output:
        remove()  # the next order finds a new one
        raise EngineError("The customer's daemon did not run it. A new one is on the way.")
    return Served(output.replace("\0", ""), code)  # which no text in PostgreSQL may have


def ensure_there() -> Container:
    """Return the customer's container, made if there is none, or none as it would be made today."""
    with alone("customer"):
        found = containers.made(LABEL)
        if CODE in containers.living(found) and CODE not in containers.outdated(found):
            return here(found[CODE]["Id"])
        remove()
        container = containers.create(containers.Spec(CODE, OWNER_UID, accounts.trial_address(), LABEL))
        containers.wait_ready(container, READY_SECONDS)
        return container


def remove() -> None:
    containers.remove(containers.at(local(), CODE))
