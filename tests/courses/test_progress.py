from courses.catalogue import Progress, load


def test_progress_counts_tasks_and_quizzes(folder):
    lessons = load(folder.parent).courses["sarafa-bazaar"].lessons
    progress = Progress.of(lessons, {"day-2": {"first-order"}})
    assert (progress.done, progress.total, progress.percent, progress.is_complete) == (1, 2, 50, False)
    assert Progress.of(lessons, {"day-2": {"first-order", "quiz-who"}}).is_complete


def test_a_task_that_is_gone_from_the_lesson_does_not_count(folder):
    lessons = load(folder.parent).courses["sarafa-bazaar"].lessons
    assert Progress.of(lessons, {"day-2": {"old-task"}, "day-9": {"x"}}).done == 0


def test_a_lesson_without_tasks_is_never_complete():
    progress = Progress.of([], {})
    assert (progress.percent, progress.is_complete) == (0, False)
