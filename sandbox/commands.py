"""Commands as they were typed: their names, and how they may be shown. Secrets are left out here and nowhere else."""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

SHOWN = 300  # characters of a command line
HIDDEN = "…"

GLOBAL_VALUES = {"-H", "--host", "-c", "--context", "--config", "-l", "--log-level"}
MANAGERS = {"builder", "buildx", "compose", "config", "container", "context", "image", "manifest", "network", "plugin",
            "secret", "service", "stack", "swarm", "system", "trust", "volume"}  # fmt: skip
ALIASES = {"container ls": "ps", "container list": "ps", "image ls": "images", "image list": "images",
           "image rm": "rmi", "image build": "build", "builder build": "build", "buildx build": "build"}  # fmt: skip

# Options whose value may be a secret. What follows "docker login" is not heard at all: see sandbox/image/tap.c.
SECRET = {"-e", "--env", "--build-arg", "--secret", "--label", "-l", "--annotation"}
CLUSTERED_ENV = re.compile(r"-[a-zA-Z]*e")  # -ite NAME=value
GLUED_ENV = re.compile(r"(-[a-zA-Z]*?e)[A-Za-z_]\w*=")  # -iteNAME=value
IN_ADDRESS = re.compile(r"//[^/@\s]*@")  # user and password

CURL_SHOWN = {"-s", "-S", "-sS", "-v", "-i", "-f", "-N", "-g", "--silent", "--verbose", "--fail", "--no-buffer"}
CURL_SHOWN_VALUES = {"-X", "--request", "--unix-socket"}


def name_of(argv: Sequence[str]) -> str:
    """Return a command's name as its manual has it: "run", "network ls", "compose up"; of other programs, theirs."""
    program = program_of(argv)
    if program == "docker-compose":
        return " ".join(["compose", *words(argv[1:])][:2])
    if program != "docker":
        return program[:40]
    first, *others = [*words(argv[1:]), ""]
    if first not in MANAGERS:
        return first[:40] or "docker"
    name = f"{first} {next(iter(others), '')}".strip()[:40]
    if first == "container":
        name = ALIASES.get(name, name.removeprefix("container ").strip() or name)
    return ALIASES.get(name, name)


def program_of(argv: Sequence[str]) -> str:
    return PurePosixPath(argv[0]).name if argv else ""


def words(argv: Sequence[str]) -> Iterator[str]:
    """Yield what is neither an option nor the value of a global one."""
    skip = False
    for word in argv:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in GLOBAL_VALUES
        else:
            yield word


def shown(argv: Sequence[str]) -> str:
    """Return a command line as it may be shown: at most SHOWN characters, values that may be secret left out."""
    program = program_of(argv)
    rest: Iterable[str]
    if program in {"docker", "docker-compose"}:
        rest = without_secrets(argv[1:])
    elif program == "curl":
        rest = curl_words(argv[1:])
    else:
        rest = [HIDDEN] if argv[1:] else []
    line = " ".join([program, *(word if HIDDEN in word else shlex.quote(word) for word in rest)])
    line = IN_ADDRESS.sub(f"//{HIDDEN}@", line)
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + HIDDEN


def without_secrets(argv: Sequence[str]) -> Iterator[str]:
    hide = False
    for word in argv:
        option, is_glued, _ = word.partition("=")
        if hide:
            hide = False
            yield named_only(word)
        elif is_glued and hides_value(option):
            yield f"{option}={named_only(word[len(option) + 1 :])}"
        elif GLUED_ENV.match(word):
            yield f"{option}={HIDDEN}"
        else:
            hide = hides_value(word)
            yield word


def hides_value(option: str) -> bool:
    return option in SECRET or bool(CLUSTERED_ENV.fullmatch(option))


def named_only(value: str) -> str:
    """Of NAME=value keep the name; of a value without one, nothing."""
    name, has_name, _ = value.partition("=")
    return f"{name}={HIDDEN}" if has_name else HIDDEN


def curl_words(argv: Sequence[str]) -> Iterator[str]:
    """Keep what leads to the daemon; headers, users and bodies are left out."""
    keep = hide = False
    for word in argv:
        if keep or word in CURL_SHOWN or word in CURL_SHOWN_VALUES:
            keep = word in CURL_SHOWN_VALUES and not keep
            yield word
        elif word.startswith("-"):
            hide = True
            yield HIDDEN
        elif not hide or re.match(r"https?://", word):
            hide = False
            yield word.partition("?")[0]
