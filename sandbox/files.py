"""Small text files in a learner's home, for the editor beside the terminal.

They are read and written in the sandbox, as the learner, by `/sbx/file`: nothing is reached that a terminal could not.
"""

import hashlib
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from sandbox import containers, programs
from sandbox.engine import EngineError
from sandbox.models import Sandbox

LARGEST = 256 * 1024  # bytes of a file that the editor opens
SECONDS = 10
NOT_THERE, TOO_LARGE, CHANGED, NOT_WRITABLE = 65, 66, 67, 68
NEW = "-"  # the version of a file that is not there yet


class FileError(Exception):
    """It cannot be done; the message says why, and is for the learner. `status` is HTTP's word for it."""

    status = 400


class NotThere(FileError):
    status = 404


class TooLarge(FileError):
    status = 413


class NotText(FileError):
    status = 415


class Changed(FileError):
    """The file is not what the editor took it for. Nothing was written."""

    status = 409


@dataclass(frozen=True)
class File:
    path: str
    text: str
    version: str  # SHA-256 of the content


def checked(path: str) -> str:
    """Return the path if it is one of a file or folder below the home; raise FileError."""
    parts = path.split("/")
    if not path or len(path) > 255 or path.startswith("/") or {"", ".", ".."} & set(parts):
        raise FileError(_("%s is no name for a file in your home folder.") % repr(path[:80]))
    if re.search(r"[\x00-\x1f\x7f]", path):
        raise FileError(_("A file's name can hold no control characters."))
    return path


def version_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def list_folder(sandbox: Sandbox, folder: str) -> list[dict[str, object]]:
    """Return what is in a folder of the home ("" for the home itself): [{"name", "folder": bool, "size": bytes}]."""
    where = checked(folder) if folder else "."
    out = asked(sandbox, "list", where)
    entries = re.findall(r"([fd]) (\d{1,12}) ([^\0]+)\0", out.decode(errors="replace"))
    return [{"name": name, "folder": kind == "d", "size": int(size)} for kind, size, name in entries]


def read(sandbox: Sandbox, path: str) -> File:
    """Return a file of the home. Raise FileError, also if it is too large for the editor or no text."""
    content = asked(sandbox, "read", checked(path), str(LARGEST))
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise NotText(_("%s is not a text file.") % path)
    return File(path, text, version_of(content))


def write(sandbox: Sandbox, path: str, text: str, version: str) -> File:
    """Put `text` in the place of the version that the editor had, or of nothing (NEW). Raise FileError.

    The file is replaced as a whole: whoever reads it meanwhile sees the old or the new one.
    """
    content = text.encode()
    if len(content) > LARGEST:
        raise TooLarge(_("The editor saves files of up to %d kB.") % (LARGEST // 1024))
    if "\0" in text:
        raise NotText(_("This is not text."))
    argv = ["/sbx/enter", "/sbx/file", "write", checked(path), version]
    owner = f"{containers.checked(sandbox.owner_uid)}:{sandbox.owner_uid}"
    fail_if(programs.feed(sandbox.container, argv, owner, content, SECONDS), path)
    return File(path, text, version_of(content))


def asked(sandbox: Sandbox, *words: str) -> bytes:
    argv = ["/sbx/enter", "/sbx/file", *words]
    code, out, err = containers.run(sandbox.container, sandbox.owner_uid, argv, SECONDS)
    fail_if(code, words[1], err.decode(errors="replace"))
    return out


def fail_if(code: int, path: str, said: str = "") -> None:
    if code == NOT_THERE:
        raise NotThere(_("There is no file %s.") % path)
    if code == TOO_LARGE:
        raise TooLarge(_("%s is too large for the editor. The terminal can show it.") % path)
    if code == CHANGED:
        raise Changed(_("%s was changed by something else.") % path)
    if code == NOT_WRITABLE:
        raise FileError(_("%s could not be written. Is the disk full, or the folder somebody else's?") % path)
    if code:
        raise EngineError(_("The sandbox did not answer: %s") % (said.strip()[-200:] or code))
