"""Lines of two logs: the daemon's (dockerd --debug) and the warehouse's (the registry's JSON log).

They are parsed here and nowhere else. The formats were read off Docker 20.10 to 28.5 and registry 2.8.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sandbox.tap import BUILD_ARGUMENTS, MARK, VERSION

# A key begins where a word begins: tried at every letter, a line of one long word would take seconds.
LOGFMT = re.compile(r'(?<![\w.-])(\w[\w.-]*)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')
# All that history.py reads, and what flow.py adds to it: what the daemon asks of registries.
TELLS_HISTORY = re.compile(
    re.escape(MARK) + r'|msg="(Trying to pull |pulling blob |Pushing layer|Upload failed: |Not continuing with push )'
)
CALL = re.compile(r"Calling (GET|HEAD|POST|PUT|DELETE|OPTIONS) (\S+)")
FORM_DATA = re.compile(r'\bform-data="(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Line:
    """One line of a log. `at` is in microseconds since the epoch; `raw` is the line as it may be shown."""

    at: int
    source: str  # daemon or warehouse
    level: str  # call, step, debug, info, warning, error
    text: str
    raw: str
    fields: dict[str, str]

    def as_event(self, order: int = 0) -> dict[str, Any]:
        """`order` is the number of the command that caused the line, or 0."""
        return {
            "type": "log", "at": iso(self.at), "source": self.source,
            "level": self.level, "line": self.text, "raw": self.raw, "order": order,
        }  # fmt: skip


def iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# ---- The daemon's lines -----------------------------------------------------------------------------------------


def parse_daemon(at: int, raw: str) -> Line:
    """Read a line of dockerd's log. One that is not in its format (a panic, a program's own) is kept as it is."""
    raw = BUILD_ARGUMENTS.sub(r"\1…", raw)
    fields = {key: unquote(quoted) if quoted else bare for key, quoted, bare in LOGFMT.findall(raw)}
    if "msg" not in fields:
        return Line(at, "daemon", "info", raw, raw, {})
    message = fields["msg"]
    if "form-data" in fields:  # as Docker 28 tells a request's body
        fields["form-data"] = without_secrets(fields["form-data"])
        raw = FORM_DATA.sub(lambda _: f"form-data={json.dumps(fields['form-data'])}", raw)
    if message.startswith("handling ") and "request-url" in fields:
        fields["msg"] = message = f"Calling {fields.get('method', '')} {fields['request-url']}"
    elif message.startswith("form data: "):
        # A request's body: it may hold the environment, and so the secrets, of a container.
        body = without_secrets(message.removeprefix("form data: "))
        fields["msg"] = message = f"form data: {body}"
        raw = f"level={fields.get('level', '')} msg={json.dumps(message)}"
    level, text = readable(message, fields)
    return Line(at, "daemon", level, text, raw, fields)


def unquote(text: str) -> str:
    return text.replace("\\n", " ").replace("\\t", " ").replace('\\"', '"').replace("\\\\", "\\")


def without_secrets(body: str) -> str:
    """Of a request's JSON body, keep what tells the story: image and command."""
    try:
        data = json.loads(body)
    except ValueError:
        return "…"
    if not isinstance(data, dict):
        return "…"
    return json.dumps({key: data[key] for key in ("Image", "Cmd", "Name") if data.get(key)}) if data else "{}"


TOLD = [  # what dockerd logs, and the same in words; of all else at level debug only the raw line is of use
    (re.compile(r"Trying to pull (\S+) from (http://\S+)"), gettext_noop(r"asks \2 for \1")),
    (re.compile(r"Fetching manifest from remote"), gettext_noop(r"reads the image's list of layers")),
    (re.compile(r'pulling blob "(sha256:\w{12})'), gettext_noop(r"fetches layer \1")),
    (re.compile(r"Applied tar (sha256:\w{12})\w* to \S+ size: (\d+)"), gettext_noop(r"unpacks layer \1, \2 bytes")),
    (re.compile(r"Pushing layer: (sha256:\w{12})"), gettext_noop(r"pushes layer \1")),
    (re.compile(r"uploaded layer (sha256:\w{12})"), gettext_noop(r"has pushed layer \1")),
    (
        re.compile(r"container mounted via layerStore"),
        gettext_noop(r"stacks the image's layers for container {container}"),
    ),
    (
        re.compile(r"Assigning addresses for endpoint (\S+)'s interface on network (\S+)"),
        gettext_noop(r"gives \1 an address on network \2"),
    ),
    (re.compile(r"event$"), gettext_noop(r"container runtime: {topic}")),
]

FIELD = re.compile(r"\{(container|topic)\}")

# Of no use to a learner, or misleading: the registry is first tried over HTTPS, in vain.
NOISE = re.compile(
    r"loading plugin |ignoring event|cleaning up after shim|No non-localhost DNS"
    r"|Error getting v2 registry.*HTTPS client"
    r"|Attempting next endpoint for .*HTTPS client|Could not load necessary modules|Not using native diff"
)


def readable(message: str, fields: dict[str, str]) -> tuple[str, str]:
    """Return (level, text) of a daemon's line: level "call" for calls to its API, "step" for what tells the story."""
    call = CALL.match(message)
    if call:
        return "call", f"{call[1]} {shorten(call[2])}"
    for pattern, words in TOLD:
        found = pattern.match(message)
        if found:
            return "step", shorten(FIELD.sub(lambda name: fields.get(name[1], ""), found.expand(_(words))))
    extra = fields.get("error") or fields.get("err") or ""
    text = shorten(message) + (f" ({shorten(extra)})" if extra not in {"", "<nil>"} else "")
    return "debug" if NOISE.match(message) else fields.get("level", "info"), text


def shorten(text: str) -> str:
    """Leave the API's version off, and cut ids of 64 digits to the 12 that the docker command shows."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1", VERSION.sub("", text))


# ---- The warehouse's lines ---------------------------------------------------------------------------------------


def parse_warehouse(at: int, raw: str) -> Line | None:
    """Read a line of the registry's log; None for all but answered requests."""
    try:
        entry = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(entry, dict):
        return None
    # A request without a token is answered 401, and that answer is told in another way than all others.
    wants_token = str(entry.get("msg", "")).startswith("error authorizing context")
    if "http.response.status" not in entry and not wants_token:
        return None
    fields = {
        "method": str(entry.get("http.request.method", "")),
        "path": str(entry.get("http.request.uri", "")).split("?")[0],
        "status": str(entry.get("http.response.status", 401)),
        "address": str(entry.get("http.request.remoteaddr", "")),
        "ms": "" if wants_token else str(milliseconds(str(entry.get("http.response.duration", "")))),
    }
    took = f" ({fields['ms']} ms)" if fields["ms"] else ""
    text = f"{fields['method']} {short_digest(fields['path'])} → {fields['status']}{took}"
    level = "warning" if int(fields["status"]) >= 500 else "call"
    shown = {key: value for key, value in entry.items() if key not in {"http.request.remoteaddr", "instance.id"}}
    shown["http.request.uri"] = fields["path"]  # what follows it is the state of an upload, which is signed
    return Line(at, "warehouse", level, text, json.dumps(shown), fields)


def short_digest(text: str) -> str:
    return re.sub(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}", r"\1…", text)


def milliseconds(duration: str) -> float:
    """Return Go's "1m2.5s", "3.2ms" or "85µs" in milliseconds, to a tenth."""
    units = {"h": 3.6e6, "m": 6e4, "s": 1e3, "ms": 1, "µs": 1e-3, "us": 1e-3, "ns": 1e-6}
    parts = re.findall(r"([\d.]+)(ms|µs|us|ns|h|m|s)", duration)
    return round(sum(float(number) * units[unit] for number, unit in parts), 1)
