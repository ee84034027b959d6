"""A small course on disk, in place of the real one, and the people: Alice learns, Charlie must not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from courses import catalogue
from courses.models import User

COURSE = """\
title: Sarafa Bazaar
summary: One [[stall|container]] at a time.
lessons:
  - {slug: day-1, number: 1, title: A stall, summary: Not written yet.}
  - {slug: day-2, number: 2, title: Architecture, summary: Who does what.}
  - {slug: day-3, number: 3, title: Images, summary: Recipes.}
"""

LESSON = """\
---
title: "Architecture: client, daemon, registry"
summary: Who does *what*, and [[the cook|the daemon]].
minutes: 45
objectives:
  - See the five steps.
images:
  - warehouse:5000/sarafa/poha
---
## The kitchen {#kitchen}

The [[master cook|daemon]] works.

```sh run
docker run --rm warehouse:5000/sarafa/poha
```

```task
id: first-order
ask: Order a [[dish|container]].
check:
  - that: "length(runs) > `0`"
    found: "{length(runs)} runs"
    expected: "one run"
    hint: "Type docker run."
hints:
  - Use `docker run`.
solution: |
  docker run --rm warehouse:5000/sarafa/poha
```

```task
id: push
ask: Push it.
coming: Opens later.
```

```quiz
id: who
question: Who pulls?
options:
  - text: The client
    why: It only asks.
  - text: The daemon
    correct: true
    why: It does the work.
```

```glossary
daemon:
  text: Does the work.
  story: the master cook
```
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A course's folder with one lesson, day-2, which has no mistake."""
    folder = tmp_path / "content" / "sarafa-bazaar"
    (folder / "day-2").mkdir(parents=True)
    (folder / "course.yaml").write_text(COURSE)
    (folder / "day-2" / "index.md").write_text(LESSON)
    return folder


@pytest.fixture
def shelf(folder: Path, monkeypatch: pytest.MonkeyPatch) -> catalogue.Shelf:
    """Put the small course where the site looks for courses."""
    shelf = catalogue.Shelf(folder.parent)
    monkeypatch.setattr(catalogue, "shelf", shelf)
    return shelf


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_guest(name="Alice")


@pytest.fixture
def charlie(db: None) -> User:
    return User.objects.create_guest(name="Charlie")


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
