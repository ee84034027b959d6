"""Is the process alive, and can learners work?"""

import time
from collections.abc import Callable

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from config.version import VERSION
from sandbox import engine, warehouse
from sandbox.container import Address, local
from sandbox.models import Host
from sandbox.tasks import HEARTBEAT

SILENCE = 20  # seconds without a heartbeat after which the worker is taken for dead


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain", headers={"X-Version": VERSION})


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if every part works, else 503; a failed part says why in a few words."""
    parts = {name: verdict(probe) for name, probe in PROBES.items()}
    return JsonResponse(parts, status=200 if set(parts.values()) == {"ok"} else 503)


def verdict(probe: Callable[[], str]) -> str:
    """Return what the probe says; its own trouble is named by kind only, since its text may hold an address."""
    try:
        return probe()
    except Exception as exc:
        return verdict_on(exc)


def verdict_on(error: Exception) -> str:
    return f"does not answer ({type(error).__name__})"


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def broker() -> str:
    cache.get(HEARTBEAT)
    return "ok"


def worker() -> str:
    try:
        last = cache.get(HEARTBEAT)
    except Exception:
        return "unknown while the broker does not answer"
    return "ok" if last and time.time() - last < SILENCE else "no sign of life: is the worker running?"


def docker_engine() -> str:
    """Say ok if the engine of a host that takes sandboxes answers."""
    trouble = "no host takes sandboxes"
    for address in engines():
        try:
            engine.ping(address)
            return "ok"
        except engine.EngineError as exc:
            trouble = verdict_on(exc)
    return trouble


def engines() -> list[Address]:
    """Return those of the hosts that take sandboxes, or the local one if the database does not tell."""
    try:
        return [host.address for host in Host.objects.ready().order_by(F("silent_since").asc(nulls_first=True), "pk")]
    except DatabaseError:
        return [local()]


def registry() -> str:
    status: str = warehouse.status()
    return status


PROBES: dict[str, Callable[[], str]] = {
    "database": database, "broker": broker, "worker": worker, "engine": docker_engine, "warehouse": registry,
}  # fmt: skip
