"""The lesson page: how long the server takes, and how many bytes a first visit loads."""

import http.client
import re
import statistics
import time
from urllib.parse import urljoin, urlsplit

from bench.bench import Bench
from bench.report import Figure, milliseconds, percentile

LESSON = "/courses/sarafa-bazaar/day-2/"
# Everything the page names, pictures to be loaded later too; links that are followed by a click are not.
ASSETS = re.compile(r'<(script|img|link|source|image|use)\b[^>]*?\b(?:src|href)="([^"#]+)')
IN_STYLES = re.compile(r"""url\(["']?([^"')#]+)""")


async def measure(bench: Bench) -> list[Figure]:
    async with bench.learner() as learner:
        cookie = "; ".join(f"{name}={value}" for name, value in learner.cookies.items())
        times = server_times(bench.platform.url, cookie, bench.times(400, 100))
        visitor, signed_in = Visit(bench.platform.url), Visit(bench.platform.url, cookie)
        visitor.load()
        signed_in.load()
    reference = milliseconds(statistics.median(times["reference"]))
    rows = []
    for who in ("visitor", "learner"):
        middle, worst = statistics.median(times[who]), percentile(times[who], 99)
        note = f"p99 {milliseconds(worst):.1f} ms; /healthz {reference:.1f} ms in the same run"
        rows.append(Figure(f"lesson page, {who}, median", milliseconds(middle), "ms", 10, note))
    return [
        *rows,
        Figure("lesson page, first load without terminals", visitor.total() / 1000, "kB", 150, visitor.parts()),
        Figure("lesson page, scripts with terminals", signed_in.sizes["script"] / 1000, "kB", 250, signed_in.parts()),
    ]


def server_times(url: str, cookie: str, count: int) -> dict[str, list[float]]:
    """Ask in turn for an empty answer (the reference) and for the page, each over a connection kept open."""
    asked = {"reference": ("/healthz", {}), "visitor": (LESSON, {}), "learner": (LESSON, {"Cookie": cookie})}
    address = urlsplit(url).netloc
    connections = {who: http.client.HTTPConnection(address, timeout=30) for who in asked}
    times: dict[str, list[float]] = {who: [] for who in asked}
    for number in range(count + 20):
        for who, (path, headers) in asked.items():
            start = time.perf_counter()
            connections[who].request("GET", path, headers={"Accept-Encoding": "br, gzip", **headers})
            answer = connections[who].getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path} was answered with {answer.status}")
            if number >= 20:  # the first ones fill caches
                times[who].append(time.perf_counter() - start)
    for connection in connections.values():
        connection.close()
    return times


class Visit:
    """A first visit with an empty cache, by kind of file: the bytes that came, headers not counted."""

    def __init__(self, url: str, cookie: str = "") -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self.cookie = cookie
        self.sizes = dict.fromkeys(("page", "script", "style", "picture"), 0)

    def load(self) -> None:
        self.fetch(LESSON, "page")
        page = self.plain(LESSON)
        styles = []
        for kind, path in sorted(set(ASSETS.findall(page))):
            path = urljoin(LESSON, path)
            if path.endswith(".css"):
                styles.append(path)
            self.fetch(path, {"script": "script", "link": "style"}.get(kind, "picture") if "." in path else "page")
        named = {urljoin(style, path) for style in styles for path in IN_STYLES.findall(self.plain(style))}
        for path in sorted(path for path in named if not path.startswith("data:")):
            self.fetch(path, "picture")
        self.connection.close()

    def get(self, path: str, encoding: str) -> bytes:
        headers = {"Accept-Encoding": encoding, "Cookie": self.cookie}
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered with {answer.status}")
        return body

    def fetch(self, path: str, kind: str) -> None:
        if path.endswith((".svg", ".png", ".webp", ".ico")):
            kind = "picture"
        self.sizes[kind] += len(self.get(path, "br, gzip"))

    def plain(self, path: str) -> str:
        return self.get(path, "identity").decode()

    def total(self) -> int:
        return sum(self.sizes.values())

    def parts(self) -> str:
        return ", ".join(f"{kind} {size / 1000:.1f}" for kind, size in self.sizes.items())
