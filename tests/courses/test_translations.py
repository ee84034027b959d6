import pytest

from courses.catalogue import find_course, load

HINDI = """\
---
title: ढाँचा
summary: कौन क्या करता है।
objectives:
  - पाँच कदम देखें।
---
## रसोई {#kitchen}

```task
id: first-order
ask: एक [[पकवान|कंटेनर]] मँगाएँ।
check:
  - found: "{length(runs)} बार"
    expected: एक बार
```

```quiz
id: who
question: कौन लाता है?
options:
  - text: क्लाइंट
    why: वह सिर्फ़ माँगता है।
  - text: डीमन
    why: काम वही करता है।
```
"""


@pytest.fixture
def hindi(folder):
    def write(text=HINDI):
        (folder / "day-2" / "index.hi.md").write_text(text)
        return load(folder.parent)

    return write


def lesson_in(loaded, language):
    return loaded.course("sarafa-bazaar", language).lesson("day-2")


def test_the_words_are_the_translations_and_the_rest_the_originals(hindi):
    loaded = hindi()
    assert loaded.problems == ()
    lesson = lesson_in(loaded, "hi")
    assert (lesson.title, lesson.language, lesson.minutes) == ("ढाँचा", "hi", 45)
    task = lesson.task("first-order")
    assert "कंटेनर" in task.ask
    assert task.check[0].that == "length(runs) > `0`"
    assert task.check[0].describe({"runs": []}) == "0 बार"
    assert task.check[0].hint == "Type docker run."
    assert task.solution == "docker run --rm warehouse:5000/sarafa/poha"
    assert [option.correct for option in lesson.quiz("who").options] == [False, True]


def test_both_languages_have_the_same_goals(hindi):
    loaded = hindi()
    assert lesson_in(loaded, "hi").goals == lesson_in(loaded, "en").goals


def test_a_task_the_translation_misses_is_the_originals(hindi):
    start, end = HINDI.index("```task"), HINDI.index("```quiz")
    lesson = lesson_in(hindi(HINDI[:start] + HINDI[end:]), "hi")
    assert "Order a" in lesson.task("first-order").ask
    assert [task.id for task in lesson.all_tasks] == ["first-order", "push"]


def test_a_language_without_a_translation_gets_the_original(hindi):
    assert lesson_in(hindi(), "ta").language == "en"


def test_a_regional_language_gets_the_wider_one(hindi):
    assert lesson_in(hindi(), "hi-in").language == "hi"


def test_a_translation_with_a_mistake_gives_way_to_the_original(hindi):
    loaded = hindi(HINDI.replace("```task\n", "```task\nthat: x\n"))
    assert "index.hi.md:10: “that” is not known" in str(loaded.problems[0])
    assert lesson_in(loaded, "hi").language == "en"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("id: first-order", "id: another", "no task “another”"),
        ("id: who", "id: whom", "no quiz “whom”"),
        ("  - text: डीमन\n    why: काम वही करता है।\n", "", "other options"),
        ("    expected: एक बार\n", "    expected: एक बार\n  - found: x\n", "conditions"),
        ("title: ढाँचा", "minutes: 3\ntitle: ढाँचा", "“minutes” is not known"),
    ],
)
def test_a_translation_that_does_not_fit_its_original_is_named(hindi, old, new, says):
    assert says in str(hindi(HINDI.replace(old, new)).problems[0])


def test_the_list_of_days_may_be_translated(folder, shelf):
    (folder / "course.hi.yaml").write_text(
        "title: सराफ़ा बाज़ार\nsummary: एक-एक करके।\nlessons:\n  - {slug: day-3, title: इमेज, summary: विधियाँ।}\n"
    )
    course = find_course("sarafa-bazaar", "hi")
    assert course.title == "सराफ़ा बाज़ार"
    assert [day.title for day in course.lessons][::2] == ["A stall", "इमेज"]
