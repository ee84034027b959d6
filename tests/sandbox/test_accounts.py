"""Accounts at the warehouse: nobody stores them, nobody guesses them, and everybody has their own."""

import re

import pytest

from sandbox import accounts
from sandbox.models import Sandbox, State, new_address

PATH_COMPONENT = re.compile(r"[a-z0-9]+")  # of a repository's name, in the strictest reading


def test_a_space_is_a_plain_name_that_never_changes(alice, charlie):
    hers = accounts.of_learner(alice.pk)
    assert PATH_COMPONENT.fullmatch(hers.space) and len(hers.space) <= 12
    assert hers == accounts.of_learner(alice.pk)
    assert hers.environment() == {"LEARNER": hers.space, "WAREHOUSE_PASSWORD": hers.password}
    his = accounts.of_learner(charlie.pk)
    assert hers.space != his.space and hers.password != his.password


def test_no_two_learners_share_a_space():
    assert len({accounts.of_learner(number).space for number in range(1, 5000)}) == 4999


def test_a_sandbox_is_known_by_its_address_while_it_lives(make, alice):
    sandbox = make(alice)
    assert accounts.at(sandbox.address) == accounts.of_learner(alice.pk)
    for state in (State.STARTING, State.STOPPING):
        Sandbox.objects.update(state=state)
        assert accounts.at(sandbox.address) is not None
    for state in (State.STOPPED, State.FAILED):
        Sandbox.objects.update(state=state)
        assert accounts.at(sandbox.address) is None


def test_one_that_nobody_has_claimed_has_no_space(db, make):
    sandbox = make(None)
    assert accounts.at(sandbox.address) == accounts.Account()
    assert accounts.Account().environment() == {}


def test_a_claim_is_all_it_takes(make, alice):
    sandbox = make(None)
    Sandbox.objects.filter(pk=sandbox.pk).update(learner=alice)
    assert accounts.at(sandbox.address) == accounts.of_learner(alice.pk)


@pytest.mark.parametrize("address", ["", "@", "fd00::1", "fc00::1", "1.2.3.4", "not an address", "' OR 1=1 --"])
def test_an_address_nobody_has_is_nobodys(db, address):
    assert accounts.at(address) is None


def test_an_address_without_a_row_must_be_of_our_making(db, settings, tmp_path):
    address = accounts.trial_address()
    assert accounts.at(address) == accounts.of_trial(address)
    assert not accounts.LEARNERS.fullmatch(accounts.of_trial(address).space)
    assert not accounts.is_trial(new_address())
    settings.DATA_DIR = tmp_path
    assert accounts.at(address) is None


def test_of_the_spaces_those_of_deleted_learners_are_found(alice, charlie):
    spaces = [accounts.of_learner(learner.pk).space for learner in (alice, charlie)]
    others = ["sarafa", "library", "abcd1", "bitnami", accounts.of_trial(accounts.trial_address()).space]
    assert accounts.left_by_learners(spaces + others) == []
    charlie.delete()
    assert accounts.left_by_learners(spaces + others) == [spaces[1]]
