import pytest
from django.core.management import CommandError, call_command

from courses.catalogue import load
from courses.lint import find_mistakes, find_warnings


def change(folder, old, new):
    index = folder / "day-2" / "index.md"
    assert old in index.read_text()
    index.write_text(index.read_text().replace(old, new))


def test_a_good_course_is_counted(shelf, capsys):
    call_command("course", "check")
    assert capsys.readouterr().out == "1 lessons, 1 tasks, ok\n"


def test_every_mistake_is_listed_with_file_and_line(folder, shelf, capsys):
    change(folder, "id: push", "id: first-order")
    (folder / "day-3").mkdir()
    (folder / "day-3" / "index.md").write_text("x\n")
    with pytest.raises(CommandError, match="2 to mend"):
        call_command("course", "check")
    lines = capsys.readouterr().err.splitlines()
    assert f"{folder}/day-2/index.md:33: the id “task-first-order” is used twice" in lines[0]
    assert lines[1].startswith(f"{folder}/day-3/index.md:1: ")


def test_an_empty_folder_is_not_a_course(folder, shelf):
    (folder / "course.yaml").unlink()
    with pytest.raises(CommandError, match="no course"):
        call_command("course", "check")


def test_an_image_a_command_uses_must_be_in_the_front_matter(folder):
    change(folder, "  - warehouse:5000/sarafa/poha\n", "  - warehouse:5000/sarafa/jalebi\n")
    mistakes = find_mistakes(load(folder.parent))
    assert [mistake.line for mistake in mistakes] == [14, 19]
    assert "warehouse:5000/sarafa/poha is used here" in mistakes[0].problem


def test_a_learners_own_image_need_not_be(folder):
    change(
        folder,
        "```sh run\ndocker run --rm",
        "```sh run\ndocker push warehouse:5000/alice/poha\ndocker run --rm",
    )
    assert find_mistakes(load(folder.parent)) == []


def test_a_task_without_any_hint_is_not_fit_to_teach(folder):
    change(folder, '    hint: "Type docker run."\n', "")
    assert find_mistakes(load(folder.parent)) == []
    change(folder, "hints:\n  - Use `docker run`.\n", "")
    assert "without a hint" in find_mistakes(load(folder.parent))[0].problem


def test_the_real_course_is_fit_to_teach(capsys):
    call_command("course", "check")
    assert capsys.readouterr().out.endswith(" tasks, ok\n")


# --- warnings ---


def warnings_of(folder):
    return [warning.problem for warning in find_warnings(load(folder.parent))]


def test_a_lesson_with_all_its_parts_and_short_sentences_needs_no_warning(folder):
    assert warnings_of(folder) == []


def test_a_part_that_is_missing_is_warned_of(folder):
    change(folder, "objectives:\n  - See the five steps.\n", "")
    assert warnings_of(folder) == ["the lesson has no objectives"]


def test_a_long_sentence_is_warned_of(folder):
    change(folder, "The [[master cook|daemon]] works.", f"The daemon {'works and ' * 30}works.")
    assert "a sentence of 63 words: “The daemon works and works and works and …”" in warnings_of(folder)[0]


def test_a_warning_is_no_mistake(folder, shelf, capsys):
    change(folder, "objectives:\n  - See the five steps.\n", "")
    call_command("course", "check")
    said = capsys.readouterr()
    assert "(a warning)" in said.err
    assert "ok" in said.out


# --- a course of one's own ---


def test_a_new_course_is_good_as_it_is(tmp_path, capsys):
    call_command("course", "new", str(tmp_path / "chai"), 'Chai "in" containers')
    loaded = load(tmp_path)
    assert find_mistakes(loaded) == find_warnings(loaded) == []
    assert loaded.courses["chai"].title == "Chai 'in' containers"
    assert f"COURSES_DIR={tmp_path} make run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("folder", "title", "word"),
    [
        ("Chai Time", "Chai", "lower-case"),
        ("full", "Chai", "not empty"),
        ("chai", " ", "and a title"),
        ("file/x", "x", "written"),
    ],
)
def test_a_course_that_cannot_be_begun_says_why(tmp_path, folder, title, word):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thing").touch()
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match=word):
        call_command("course", "new", str(tmp_path / folder), title)


def test_of_two_courses_with_one_name_the_first_is_served(folder, tmp_path):
    call_command("course", "new", str(tmp_path / "mine" / "sarafa-bazaar"), "Mine")
    call_command("course", "new", str(tmp_path / "mine" / "chai"), "Chai")
    loaded = load(tmp_path / "mine", folder.parent, tmp_path / "none")
    assert [course.title for course in loaded.courses.values()] == ["Chai", "Mine"]
