"""The editor's API: small text files in the home of the learner's running sandbox, as JSON.

    GET /sandbox/<code>/files/?folder=<path>    {"entries": [{"name", "folder", "size"}]}
    GET /sandbox/<code>/file/?path=<path>       {"path", "text", "version"}
    PUT /sandbox/<code>/file/?path=<path>       {"text", "version"} → {"path", "version"}

`version` names what a file held when it was read; "-" is a file that is not there yet. A PUT replaces that version, no
other: 409 says that something else has changed it. Every refusal is {"error": a sentence}.
"""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from courses import limits
from sandbox import files, idle
from sandbox.engine import EngineError
from sandbox.models import Sandbox, State
from sandbox.views import learners_only, own

MINUTE, SAVES_PER_MINUTE = 60, 240  # of each learner; a page saves a file once a second, at most
VERSION = re.compile(r"[0-9a-f]{64}|-")


def in_running_sandbox(view: Callable[[HttpRequest, Sandbox], HttpResponse]) -> Callable[..., HttpResponse]:
    """Call the view with the learner's own sandbox, awake; what cannot be done is answered with a sentence."""

    @learners_only
    @wraps(view)
    def guarded(request: HttpRequest, code: str) -> HttpResponse:
        sandbox = own(request, code)
        if sandbox.state != State.RUNNING:
            return refusal(_("Your sandbox is not running. What you wrote is kept in this page until it is."), 409)
        try:
            if sandbox.touch(timezone.now()):
                idle.wake(sandbox)
            return view(request, sandbox)
        except files.FileError as exc:
            return refusal(str(exc), exc.status)
        except EngineError as exc:
            return refusal(_(str(exc)), 503)

    return guarded


def refusal(text: str, status: int) -> HttpResponse:
    return JsonResponse({"error": text}, status=status)


@require_GET
@in_running_sandbox
def list_files(request: HttpRequest, sandbox: Sandbox) -> HttpResponse:
    return JsonResponse({"entries": files.list_folder(sandbox, request.GET.get("folder", ""))})


@require_http_methods(["GET", "PUT"])
@in_running_sandbox
def one_file(request: HttpRequest, sandbox: Sandbox) -> HttpResponse:
    path = request.GET.get("path", "")
    if request.method == "GET":
        file = files.read(sandbox, path)
        return JsonResponse({"path": file.path, "text": file.text, "version": file.version})
    if limits.count(f"file:{sandbox.learner_id}", MINUTE) > SAVES_PER_MINUTE:
        limits.note_refusal("file")
        return refusal(_("That was saved very often. It is tried again in a minute."), 429)
    text, version = content_of(request)
    file = files.write(sandbox, path, text, version)
    return JsonResponse({"path": file.path, "version": file.version})


def content_of(request: HttpRequest) -> tuple[str, str]:
    """Return text and version of a PUT; raise FileError if they are not what the API says."""
    try:
        body: Any = json.loads(request.body)
        text, version = body["text"], body["version"]
        text.encode()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        raise files.FileError(_("That message was not understood.")) from exc
    if not isinstance(text, str) or not isinstance(version, str) or not VERSION.fullmatch(version):
        raise files.FileError(_("That message was not understood."))
    return text, version
