import pytest

from courses.catalogue import load
from courses.page import render_lesson


@pytest.fixture
def html(folder):
    def render(body="", **state):
        index = folder / "day-2" / "index.md"
        index.write_text(index.read_text() + body)
        loaded = load(folder.parent)
        assert loaded.problems == ()
        return render_lesson(loaded.courses["sarafa-bazaar"].lesson("day-2"), "en", token="t0ken", **state)

    return render


def test_a_runnable_block_carries_the_exact_text_to_send(html):
    page = html("```sh run\necho \"a\" 'b' <c>\nls\n```\n")
    assert 'data-run="echo &quot;a&quot; &#x27;b&#x27; &lt;c&gt;\nls"' in page
    assert '<button type="button" class="code-run">Run</button>' in page


def test_a_block_that_is_only_shown_cannot_be_run(html):
    page = html("```output\nhello\n```\n").split('data-lang="output"')[1]
    assert "data-run" not in page
    assert "code-run" not in page
    assert "code-copy" in page


def test_a_task_has_what_the_scripts_rely_on(html):
    page = html()
    assert 'id="task-first-order" data-testid="task-first-order" data-task="first-order" data-state="open"' in page
    assert '<button type="button" class="task-check" data-check="first-order">Check</button>' in page
    for name in ("task-ask", "task-status", "task-feedback", "task-hint", "task-solution"):
        assert f'class="{name}"' in page


def test_a_done_task_is_marked_done(html):
    page = html(completed={"first-order"})
    assert 'data-task="first-order" data-state="done"' in page
    assert 'data-quiz="who" data-state="open"' in page


def test_a_task_that_is_coming_cannot_be_checked(html):
    page = html().split('id="task-push"')[1].split("</section>")[0]
    assert "Opens later." in page
    assert "task-check" not in page
    assert "data-task=" not in page


def test_a_quiz_carries_the_visitors_own_token(html):
    assert 'name="csrfmiddlewaretoken" value="t0ken"' in html()


def test_an_answer_is_explained(html):
    page = html(answers={"who": "0"})
    assert 'data-right="false"' in page
    assert "It only asks." in page
    assert "It does the work." not in page


def test_an_answer_that_is_no_option_is_ignored(html):
    assert "data-right" not in html(answers={"who": "7"})


def test_headings_have_a_link_to_themselves(html):
    assert '<h2 id="kitchen">The kitchen <a class="heading-anchor" href="#kitchen"' in html()


def test_callouts_and_story_blocks_nest(html):
    page = html(":::story\nOnce.\n\n:::tip Look *here*\nNow.\n:::\n:::\n\n:::plain\nFact.\n:::\n")
    assert '<div class="story"><p>Once.</p>' in page.replace("\n", "")
    assert '<aside class="callout callout-tip"><p class="callout-title">Look <em>here</em></p>' in page
    assert page.count("<div") == page.count("</div>")
    assert page.count("<aside") == page.count("</aside>")


def test_a_callout_without_a_title_has_one(html):
    assert '<p class="callout-title">Warning</p>' in html(":::warning\nHot.\n:::\n")


def test_a_block_may_stand_in_a_list(html):
    page = html("\n1. First\n\n    ```sh run\n    ls\n      -l\n    ```\n\n2. Second\n")
    assert 'data-run="ls\n  -l"' in page
    item = page.split("<ol>")[1].split("</li>")[0]
    assert "<figure" in item
    assert "<p><figure" not in item


def test_a_glossary_is_a_list_of_terms(html):
    page = html()
    assert '<div class="glossary-entry" id="term-daemon"><dt>daemon</dt><dd>Does the work.' in page
    assert '<span class="story glossary-story">the master cook</span>' in page


def test_the_words_around_the_lesson_follow_the_language(folder):
    lesson = load(folder.parent).courses["sarafa-bazaar"].lesson("day-2")
    english = render_lesson(lesson, "en", token="t")
    assert render_lesson(lesson, "en", token="t") == english
    assert "t2" in render_lesson(lesson, "en", token="t2")
