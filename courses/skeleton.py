"""A small course to begin with: it can be served, and proven, as it is."""

from pathlib import Path

from courses.exercises import SLUG

COURSE = """\
title: "TITLE"
summary: What it is about, in a line.
lessons:
  - slug: day-1
    number: 1
    title: The first day
    summary: What one is able to do afterwards.
"""

LESSON = """\
---
title: The first day
summary: What one is able to do afterwards.
minutes: 20
objectives:
  - Run a [[stall|container]], and see what it prints.
images:
  - warehouse:5000/sarafa/shikanji
---

## A glass of something {#glass}

Say what this is about. Words in double brackets come in two versions: [[the stall|the container]] is the story's, or
the plain one. The reader chooses.

![A glass on a counter](glass.svg "A picture says what it shows, for those who cannot see it.")

```sh run
docker run --rm warehouse:5000/sarafa/shikanji
```

```task
id: first-glass
ask: Run `warehouse:5000/sarafa/shikanji`.
check:
  - that: "length(runs[?starts_with(image, 'warehouse:5000/sarafa/shikanji')]) > `0`"
    found: "runs so far: {length(runs)}; none of them of shikanji"
    expected: "a run of warehouse:5000/sarafa/shikanji"
    hint: "Press Run on the command above."
  - that: "length(runs[?starts_with(image, 'warehouse:5000/sarafa/shikanji') && started]) > `0`"
    found: "a container of shikanji was made, but not started"
    expected: "a run of warehouse:5000/sarafa/shikanji"
    hint: "docker run makes a container and starts it; docker create only makes it."
solution: |
  docker run --rm warehouse:5000/sarafa/shikanji
```

## A counter that stays {#counter}

```task
id: open-counter
ask: Open a counter called `glass`, in the background.
check:
  - that: "length(containers[?Name=='/glass']) > `0`"
    found: "{length(containers)} containers, none of them called glass"
    expected: "a running container called glass"
    hint: "Give it a name with --name glass, and -d keeps it in the background."
  - that: "length(containers[?Name=='/glass' && State.Running]) > `0`"
    found: "the container glass is there, but it does not run"
    expected: "a running container called glass"
    hint: "Look at docker logs glass, remove it, and try again with the command open at the end."
solution: |
  docker rm -f glass
  docker run -d --name glass warehouse:5000/sarafa/shikanji open
```

```quiz
id: who-runs
question: Who runs the container?
options:
  - text: The docker command
    why: It asks, waits and prints. You could close it.
  - text: The daemon
    correct: true
    why: It runs on, and so does what it has started.
```

```glossary
container:
  text: A process with a view of its own, made from an image.
  story: a stall
```
"""

PICTURE = """\
<svg viewBox="0 0 320 140" xmlns="http://www.w3.org/2000/svg">
  <rect class="pic-sky" width="320" height="140" rx="8"/>
  <path class="pic-ground" d="M0 116h320v24H0z"/>
  <path class="pic-teal" d="M140 44h40l-6 72h-28z"/>
  <text class="pic-note story" x="160" y="28" text-anchor="middle">a glass of shikanji</text>
  <text class="pic-note plain" x="160" y="28" text-anchor="middle">a container</text>
</svg>
"""


def lay_out(folder: Path, title: str) -> list[Path]:
    """Write a course into a new folder, and return its files. Raise ValueError if that is not possible."""
    if not SLUG.fullmatch(folder.name):
        raise ValueError(f"“{folder.name}” becomes part of an address: use lower-case words with hyphens.")
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is there already, and not empty.")
    texts = {
        "course.yaml": COURSE.replace("TITLE", title.replace("\\", "").replace('"', "'")),
        "day-1/index.md": LESSON,
        "day-1/glass.svg": PICTURE,
    }
    files = [folder / name for name in texts]
    for file, text in zip(files, texts.values(), strict=True):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        except OSError as exc:
            raise ValueError(f"{file} cannot be written: {exc.strerror}.") from exc
    return files
