"""A lock that is had in the order in which it was asked for."""

import threading
from collections import deque


class Turn:
    """Threads take it one after another; one that waits longer than it can gives up its place."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.taken = False
        self.waiting: deque[threading.Lock] = deque()

    def take(self, seconds: float) -> bool:
        """Return whether it was one's turn within so many seconds."""
        with self.guard:
            if not self.taken:
                self.taken = True
                return True
            place = threading.Lock()
            place.acquire()
            self.waiting.append(place)
        if place.acquire(timeout=seconds):
            return True
        with self.guard:
            if place in self.waiting:
                self.waiting.remove(place)
                return False
        return True  # it came just then

    def give_back(self) -> None:
        with self.guard:
            if self.waiting:
                self.waiting.popleft().release()
            else:
                self.taken = False
