import os
import time

import pytest

from courses import catalogue
from courses.catalogue import Shelf, find_course, find_lesson, load


def problems(folder):
    return [str(problem).removeprefix(f"{folder}/") for problem in load(folder.parent).problems]


def add(folder, text):
    """Append to the good lesson, and return the line the text begins at."""
    index = folder / "day-2" / "index.md"
    good = index.read_text()
    index.write_text(good + text)
    return good.count("\n") + 1


def lesson_of(folder):
    return load(folder.parent).courses["sarafa-bazaar"].lesson("day-2")


def test_a_good_course_has_no_problems(folder):
    assert problems(folder) == []


def test_a_lesson_has_what_its_file_says(folder):
    lesson = lesson_of(folder)
    assert (lesson.course, lesson.slug, lesson.number, lesson.minutes) == ("sarafa-bazaar", "day-2", 2, 45)
    assert lesson.title == "Architecture: client, daemon, registry"
    assert lesson.description == "Who does what, and the daemon."
    assert lesson.images == ("warehouse:5000/sarafa/poha",)
    assert [section.id for section in lesson.sections] == ["kitchen"]
    assert [term.term for term in lesson.glossary] == ["daemon"]
    assert lesson.published


def test_a_task_that_is_coming_is_shown_but_not_counted(folder):
    lesson = lesson_of(folder)
    assert [task.id for task in lesson.all_tasks] == ["first-order", "push"]
    assert lesson.goals == ("first-order", "quiz-who")
    assert lesson.task("push") is None


def test_days_without_content_are_listed_and_cannot_be_found(shelf):
    course = find_course("sarafa-bazaar")
    assert [(day.number, day.published) for day in course.lessons] == [(1, False), (2, True), (3, False)]
    assert find_lesson("sarafa-bazaar", "day-1") is None
    assert find_lesson("sarafa-bazaar", "day-2").slug == "day-2"
    assert find_lesson("other", "day-2") is None


def test_a_lesson_knows_its_neighbours(folder):
    course = load(folder.parent).courses["sarafa-bazaar"]
    assert [day and day.slug for day in course.neighbours(course.lesson("day-2"))] == ["day-1", "day-3"]
    assert course.neighbours(course.lesson("day-1"))[0] is None
    assert course.neighbours(course.lesson("day-3"))[1] is None


TASK = """\
```task
id: two
ask: Do.
check:
  - that: "{that}"
    found: "{found}"
    expected: x
solution: ls
```
"""


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("```sh\nls\n", 0, "never closes"),
        ("```\nls\n```\n", 0, "names no language"),
        ("```klingon\nls\n```\n", 0, "no such language"),
        ("```sh rum\nls\n```\n", 0, "not known"),
        ("```json run\n{}\n```\n", 0, "not known"),
        ("```sh run\n\n```\n", 0, "empty"),
        ("\n```task\nid: [1\n```\n", 2, "not YAML"),
        ("\n```task\n- a\n```\n", 2, "key: value"),
        ("```task\nid: two\nask: Do.\nsolution: ls\n```\n", 1, "no “check”"),
        ("```task\nid: Two Words\nask: Do.\n```\n", 1, "not an id"),
        ("```task\nid: quiz-x\nask: Do.\n```\n", 1, "not an id"),
        ("```task\nid: first-order\nask: Do.\ncoming: x\n```\n", 1, "used twice"),
        ("```task\nid: two\nask: 3\ncoming: x\n```\n", 2, "must be text"),
        ("```task\nid: two\nid: three\n```\n", 2, "given twice"),
        ("```task\nid: two\nask: Do.\nchek: x\n```\n", 3, "“chek” is not known"),
        ("```task\nid: two\nask: Do.\ncoming: x\nsolution: ls\n```\n", 3, "one or the other"),
        (TASK.format(that="length(", found="x"), 4, "not a JMESPath"),
        (TASK.format(that="size(runs)", found="x"), 4, "no function “size”"),
        (TASK.format(that="length(runs)", found="{runs[}"), 5, "not a JMESPath"),
        (TASK.format(that="length(runs)", found="{"), 5, "brace"),
        (TASK.format(that="length(runs)", found="[[a|b]]"), 5, "plain text"),
        (
            TASK.format(that="length(runs)", found="x").replace("solution: ls", "setup: ls"),
            1,
            "“solution” is missing",
        ),
        ("```quiz\nid: q\nquestion: x\noptions:\n  - {text: a, why: b}\n```\n", 3, "two options"),
        (
            "```quiz\nid: q\nquestion: x\noptions:\n  - {text: a, why: b}\n  - {text: c, why: d}\n```\n",
            3,
            "exactly one",
        ),
        ("```glossary\ndaemon:\n  text: again\n```\n", 1, "used twice"),
        ("```glossary\nimage: text\n```\n", 1, "text: …"),
        ("## No id\n", 0, "has no id"),
        ("# Title {#title}\n", 0, "two to four"),
        ("## Again {#kitchen}\n", 0, "used twice"),
        ("## Bad {#Kitchen}\n", 0, "not a heading's id"),
        ("## Bad {#task-x}\n", 0, "not a heading's id"),
        ("![A flow](nowhere.svg)\n", 0, "no picture “nowhere.svg”"),
        ("![A flow](../x.svg)\n", 0, "beside the lesson"),
        ("![A photo](x.png)\n", 0, "beside the lesson"),
        ("see ![x](flow.svg) here\n", 0, "line of its own"),
        ("\n[there](../day-9/)\n", 1, "leads nowhere"),
        ("\n[there](../day-3/)\n", 1, "cannot be read yet"),
        ("\n[there](#nowhere)\n", 1, "no “#nowhere”"),
        ("\n[there](../day-2/#nowhere)\n", 1, "no “#nowhere”"),
        ("\n[x](javascript:alert(1))\n", 1, "leads nowhere"),
        ("\n[x]: data:text/html,hi\n", 1, "leads nowhere"),
        (":::note\nhello\n", 0, "never closes"),
        (":::\n", 0, "closes nothing"),
        (":::danger\n:::\n", 0, "unknown block"),
        ("a \ue000 b\n", 0, "private or control"),
    ],
)
def test_a_mistake_in_a_lesson_is_named_by_file_and_line(folder, text, line, says):
    first = add(folder, text)
    found = problems(folder)
    assert len(found) == 1
    assert found[0].startswith(f"day-2/index.md:{first + line}: ")
    assert says in found[0]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("---\ntitle", "title", 1, "begins with front matter"),
        ("---\n## The", "## The", 1, "never ends"),
        ("minutes: 45", "minutes: soon", 4, "whole number"),
        ("minutes: 45\n", "", 2, "“minutes” is missing"),
        ("title: ", "titel: ", 2, "“titel” is not known"),
        ("title: ", "title: [", 3, "not YAML"),
        ("  - See the", "  - a: See the", 5, "list of texts"),
    ],
)
def test_a_mistake_in_front_matter_is_named(folder, old, new, line, says):
    index = folder / "day-2" / "index.md"
    index.write_text(index.read_text().replace(old, new, 1))
    found = problems(folder)
    assert any(problem.startswith(f"day-2/index.md:{line}: ") and says in problem for problem in found), found


def test_all_mistakes_of_a_file_are_named_not_only_the_first(folder):
    add(folder, "## No id\n\n```klingon\nls\n```\n\n```task\nid: two\n```\n")
    assert len(problems(folder)) == 3


def test_a_broken_lesson_does_not_take_the_others_with_it(folder):
    (folder / "day-3").mkdir()
    (folder / "day-3" / "index.md").write_text("no front matter\n")
    course = load(folder.parent).courses["sarafa-bazaar"]
    assert course.lesson("day-2").published
    assert not course.lesson("day-3").published
    assert "day-3/index.md:1" in course.lesson("day-3").mistake


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("day-3", "day-1", 6, "used twice"),
        ("number: 3", "number: 2", 6, "used twice"),
        ("slug: day-3", "slug: Day 3", 6, "not a slug"),
        ("title: Sarafa Bazaar", "titles: x", 1, "“titles” is not known"),
        ("day-2", "day-4", 1, "not among the lessons"),
    ],
)
def test_a_mistake_in_the_list_of_days_is_named(folder, old, new, line, says):
    path = folder / "course.yaml"
    path.write_text(path.read_text().replace(old, new))
    found = problems(folder)
    assert len(found) == 1
    assert f":{line}: " in found[0]
    assert says in found[0]


def test_a_file_that_is_not_utf8_is_named(folder):
    (folder / "day-2" / "index.md").write_bytes(b"---\ntitle: \xff\n---\n")
    assert problems(folder) == ["day-2/index.md:1: the file is not UTF-8; save it as UTF-8"]


def test_the_shelf_sees_a_changed_file(folder, monkeypatch):
    shelf = Shelf(folder.parent)
    before = shelf.current()
    assert shelf.current() is before
    add(folder, "## More {#more}\n")
    forget_the_last_look(shelf, monkeypatch)
    assert [section.id for section in lesson_on(shelf).sections] == ["kitchen", "more"]


def test_the_shelf_keeps_the_last_good_version(folder, monkeypatch, caplog):
    shelf = Shelf(folder.parent)
    good = shelf.current()
    line = add(folder, "```sh\n")
    forget_the_last_look(shelf, monkeypatch)
    assert shelf.current() is good
    assert f"day-2/index.md:{line}: " in caplog.text


def test_the_shelf_does_not_look_at_the_disk_for_every_request(folder):
    shelf = Shelf(folder.parent)
    before = shelf.current()
    add(folder, "## More {#more}\n")
    assert shelf.current() is before


def forget_the_last_look(shelf, monkeypatch):
    later = time.monotonic() + 5
    monkeypatch.setattr(catalogue.time, "monotonic", lambda: later)
    os.utime(shelf.roots[0])


def lesson_on(shelf):
    return shelf.current().courses["sarafa-bazaar"].lesson("day-2")
