import pytest

from courses.catalogue import Condition, load


def condition(that="runs", found="x"):
    return Condition(that, found, "expected", "hint")


FACTS = {"runs": [{"image": "poha", "pulled": True}], "calls": [], "count": 0}


@pytest.mark.parametrize(
    ("that", "holds"),
    [
        ("runs", True),
        ("calls", False),
        ("count", False),
        ("missing", False),
        ("length(runs) == `1`", True),
        ("length(runs[?pulled]) > `1`", False),
        ("length(missing)", False),
    ],
)
def test_a_condition_holds_when_its_expression_is_true(that, holds):
    assert condition(that).holds(FACTS) is holds


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ("{length(runs)} runs", "1 runs"),
        ("{runs[].image}", "poha"),
        ("{runs[0].pulled}", "yes"),
        ("{missing} there", "nothing there"),
        ("{calls}", "nothing"),
        ("{length(missing)}", "nothing"),
        ("{{.Names}} and {count}", "{.Names} and 0"),
    ],
)
def test_what_was_found_is_filled_in(found, text):
    assert condition(found=found).describe(FACTS) == text


def test_the_first_condition_that_fails_is_reported(folder):
    task = load(folder.parent).courses["sarafa-bazaar"].lesson("day-2").task("first-order")
    failing = task.first_failing({"runs": []})
    assert failing.describe({"runs": []}) == "0 runs"
    assert failing.hint == "Type docker run."
    assert task.first_failing(FACTS) is None
