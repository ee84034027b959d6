"""How the platform fares, for Prometheus: asked of the database, the broker and this machine whenever it is scraped.

Nothing is counted in a process of its own, so that it does not matter which one answers; and no engine is asked.
"""

import ipaddress
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeHistogramMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from config import health
from config.celery import app
from config.version import VERSION
from courses import limits
from sandbox import admission, capacity, open_terminals, tasks
from sandbox.models import Host, Sandbox, Waiting
from workshops.models import Participant, Workshop

LATELY = timedelta(minutes=15)
BUCKETS = (0.5, 1, 2, 5, 10, 20, 30, 60)  # seconds of a start
ASKED = ("database", "broker", "worker")  # of health's probes, those that ask no engine


@never_cache
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    if not may_scrape(request):
        raise Http404
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def may_scrape(request: HttpRequest) -> bool:
    """May they? Who has the token, or asks from an address of METRICS_ALLOW, and not through a proxy of ours."""
    given = request.headers.get("Authorization", "").encode()
    if settings.METRICS_TOKEN and secrets.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return True
    return "X-Forwarded-For" not in request.headers and is_allowed(request.META.get("REMOTE_ADDR", ""))


def is_allowed(address: str) -> bool:
    try:
        asking = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(asking in network for network in settings.METRICS_ALLOW)


class Platform(Collector):
    """Asks each part; of one that does not answer nothing is told but that."""

    def collect(self) -> Iterable[Metric]:
        yield gauge("sarafa_info", "Which release this is.", {VERSION: 1}, "version")
        ready = {part: float(health.verdict(health.PROBES[part]) == "ok") for part in ASKED}
        yield gauge("sarafa_ready", "Whether a part of the platform works.", ready, "part")
        told = {}
        for name, part in PARTS.items():
            try:
                yield from list(part())
                told[name] = 1.0
            except Exception:
                told[name] = 0.0
        yield gauge("sarafa_told", "Whether a part told what it is asked for here.", told, "part")


def gauge(name: str, about: str, values: dict[str, float], label: str) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for value in values:
        family.add_metric([value], values[value])
    return family


def of_database() -> Iterator[Metric]:
    now = timezone.now()
    yield gauge("sarafa_sandboxes", "Sandboxes that there are.", Sandbox.objects.census(), "state")
    failed = Sandbox.objects.failed_since(now - LATELY).count()
    yield GaugeMetricFamily("sarafa_sandboxes_failed", "Sandboxes that failed in the last 15 minutes.", failed)
    yield GaugeMetricFamily("sarafa_pool_wanted", "Sandboxes that are to be warm now.", admission.pool_size(now))
    yield start_times(now)
    waiting = Waiting.objects.present(now).count()
    yield GaugeMetricFamily("sarafa_learners_waiting", "Learners in the queue for a sandbox.", waiting)
    yield GaugeMetricFamily("sarafa_sandbox_limit", "Sandboxes that there may be at once.", Host.objects.limit())
    hosts = list(Host.objects.with_room())
    rooms = {host.name: float(room_on(host)) for host in hosts}
    yield GaugeMetricFamily("sarafa_sandbox_room", "Sandboxes that there is room for besides.", sum(rooms.values()))
    yield gauge("sarafa_host_room", "Sandboxes that a host has room for besides.", rooms, "host")
    held = {host.name: float(host.live) for host in hosts}
    yield gauge("sarafa_host_sandboxes", "Sandboxes that a host has.", held, "host")
    up = {host.name: float(host.state in ("ready", "draining")) for host in hosts}
    yield gauge("sarafa_host_up", "Whether a host's engine answers.", up, "host")
    yield GaugeMetricFamily("sarafa_workshops_open", "Workshops that are open.", Workshop.objects.open().count())
    participants = Participant.objects.in_open()
    yield GaugeMetricFamily("sarafa_participants", "Participants of open workshops.", participants.count())
    hands = participants.exclude(hand_at=None).count()
    yield GaugeMetricFamily("sarafa_hands_raised", "Participants of open workshops who have a hand up.", hands)


def room_on(host: Host) -> int:
    """Return how many more sandboxes a host takes: none if it is drained or lost, here no more than there is room."""
    if host.draining or host.lost_at:
        return 0
    return min(host.room, capacity.room()) if host.is_local else host.room


def start_times(at: datetime) -> Metric:
    """Of the last minutes only: rows are deleted with their learners, so that a count of all would fall."""
    took = sorted(Sandbox.objects.start_seconds(at - LATELY))
    counts = [(str(float(bound)), sum(1 for _ in takewhile(lambda one: one <= bound, took))) for bound in BUCKETS]  # noqa: B023
    about = "Seconds from a learner's order of a sandbox to its first prompt, of the last 15 minutes."
    return GaugeHistogramMetricFamily(
        "sarafa_start_seconds", about, buckets=[*counts, ("+Inf", len(took))], gsum_value=sum(took)
    )


def of_broker() -> Iterator[Metric]:
    with app.connection_or_acquire() as connection:
        queued = connection.default_channel.queue_declare(app.conf.task_default_queue).message_count
    yield GaugeMetricFamily("sarafa_tasks_queued", "Tasks that no worker has taken on yet.", queued)
    yield GaugeMetricFamily("sarafa_terminals", "Terminals that are open.", open_terminals.in_all_processes())
    seen = cache.get(tasks.ENGINE_SEEN) or 0
    yield GaugeMetricFamily("sarafa_engine_seen_timestamp_seconds", "When the worker last found the engine well.", seen)
    refused = CounterMetricFamily("sarafa_refusals", "Who was refused: no room, or too often.", labels=["reason"])
    for reason, number in limits.refusals().items():
        refused.add_metric([reason], number)
    yield refused


def of_machine() -> Iterator[Metric]:
    free, memory = capacity.free_disk(), capacity.memory("MemAvailable")
    yield GaugeMetricFamily("sarafa_disk_free_bytes", "Disk that is free for the platform or the engine.", free)
    yield GaugeMetricFamily("sarafa_memory_available_bytes", "Memory that is free.", memory)


PARTS: dict[str, Callable[[], Iterator[Metric]]] = {
    "database": of_database, "broker": of_broker, "machine": of_machine,
}  # fmt: skip
registry = CollectorRegistry()
registry.register(Platform())
