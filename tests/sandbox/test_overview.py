"""What is seen of a sandbox's containers from afar, whatever the daemon in it says."""

import pytest

from sandbox.overview import LONGEST, SHOWN, containers_of


def inspected(name: object = "/poha", image: object = "sarafa/poha", state: object = "running") -> dict:
    return {"Name": name, "Config": {"Image": image}, "State": {"Status": state}}


def test_a_container_has_a_name_an_image_and_a_state():
    assert containers_of({"containers": [inspected()]}) == [
        {"name": "poha", "image": "sarafa/poha", "state": "running"}
    ]


def test_the_order_is_the_daemons_and_only_so_many_are_shown():
    seen = containers_of({"containers": [inspected(f"/{number}") for number in range(SHOWN + 5)]})
    assert [one["name"] for one in seen] == [str(number) for number in range(SHOWN)]


@pytest.mark.parametrize("facts", [{}, {"containers": None}, {"containers": "many"}, {"containers": {"a": 1}}])
def test_facts_without_a_list_have_none(facts):
    assert containers_of(facts) == []


@pytest.mark.parametrize(
    "shown", [None, 7, "poha", [], {}, inspected(""), inspected(None), inspected(["x"]), inspected("/")]
)
def test_what_has_no_name_is_none(shown):
    assert containers_of({"containers": [shown, inspected()]}) == containers_of({"containers": [inspected()]})


@pytest.mark.parametrize("part", [None, 7, "text", [], {"Image": 7, "Status": {}}])
def test_what_is_told_in_another_shape_is_left_empty(part):
    shown = {"Name": "/poha", "Config": part, "State": part}
    assert containers_of({"containers": [shown]}) == [{"name": "poha", "image": "", "state": ""}]


def test_texts_are_cut_and_have_nothing_unprintable():
    (seen,) = containers_of({"containers": [inspected("/a\0\u202e\n" + "b" * 500, "i" * 500, "\x1b[31mrunning")]})
    assert seen["name"].startswith("abbb")
    assert (len(seen["name"]) <= LONGEST, len(seen["image"])) == (True, LONGEST)
    assert seen["state"] == "[31mrunning"
