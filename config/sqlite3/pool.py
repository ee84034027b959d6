"""Open connections that nobody uses now."""

import os
import sqlite3
from collections import deque

IDLE = 16  # connections that are kept, at most

File = tuple[int, int]


class Pool:
    """Gives back what was put in, the latest first, as long as it is of the file that has the path now."""

    def __init__(self) -> None:
        self.idle: deque[tuple[str, File, sqlite3.Connection]] = deque()

    def take(self, path: str) -> sqlite3.Connection | None:
        """Return a connection to this file, or None if there is none."""
        while True:
            try:
                of, file, connection = self.idle.pop()
            except IndexError:
                return None
            if of == path and file == file_at(path):
                return connection
            connection.close()  # a restored backup, or another test's database, has taken its place

    def put(self, path: str, file: File | None, connection: sqlite3.Connection) -> None:
        """Keep a connection that was opened to `file`, or close it if there are enough."""
        if file and len(self.idle) < IDLE:
            self.idle.append((path, file, connection))
        else:
            connection.close()


def file_at(path: str) -> File | None:
    """Return what tells a file from any other that has its path before or after it; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
