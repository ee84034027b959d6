"""Images are made when something is missing or has changed, and not otherwise."""

import shutil
import time

import pytest

from sandbox import engine, images
from sandbox.image import seccomp


@pytest.fixture
def dish(tmp_path, installation):
    """A recipe of its own, quickly built, and its image removed afterwards."""
    directory = tmp_path / "dish"
    directory.mkdir()
    (directory / "Dockerfile").write_text("ARG BASE\nFROM sarafa-bazaar/dish-poha\nCOPY note /note\n")
    (directory / "note").write_text("salty")
    recipe = images.Recipe(f"sarafa-bazaar/test-{tmp_path.name.replace('_', '-')}", directory)
    yield recipe
    engine.client().remove_image(recipe.name, force=True)


def test_what_is_there_is_not_made_again(installation):
    said = []
    started = time.monotonic()
    images.ensure_all(said.append)
    assert said == []
    assert time.monotonic() - started < 10


def test_a_changed_file_makes_a_new_image_and_the_old_one_goes(dish):
    images.ensure(dish, "base", print)
    first = images.id_of(dish.name)
    images.ensure(dish, "base", print)
    assert images.id_of(dish.name) == first

    (dish.directory / "note").write_text("sweet")
    images.ensure(dish, "base", print)
    assert images.id_of(dish.name) != first
    assert images.id_of(first) is None


def test_another_base_makes_a_new_image(dish):
    images.ensure(dish, "base", print)
    first = images.id_of(dish.name)
    images.ensure(dish, "newer base", print)
    assert images.id_of(dish.name) != first


def test_a_build_that_fails_says_why(dish):
    (dish.directory / "Dockerfile").write_text("FROM sarafa-bazaar/dish-poha\nRUN echo the yam is burnt && false\n")
    with pytest.raises(images.BuildFailed, match="the yam is burnt"):
        images.ensure(dish, "base", print)
    (dish.directory / "Dockerfile").write_text("FROM sarafa-bazaar/dish-poha\n")
    images.ensure(dish, "base", print)  # a half-done run can be run again


def test_a_copy_of_the_files_is_the_same_recipe(tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(images.FILES / "dishes", copy)
    original = images.Recipe("x", images.FILES / "dishes")
    assert images.Recipe("x", copy).context() == original.context()
    (copy / "serve").chmod(0o644)
    assert images.Recipe("x", copy).context() != original.context()


def test_a_lost_network_is_told_from_a_mistake():
    assert images.is_about_network("Err:1 Temporary failure resolving 'deb.debian.org'")
    assert not images.is_about_network("gcc: error: keeper.c: No such file or directory")


def test_an_image_that_no_registry_has_is_not_pulled(installation):
    assert not images.pulls("127.0.0.1:1/no/such:image")


def test_a_system_call_is_in_one_list_of_the_profile():
    lists = [seccomp.names(group) for group in (seccomp.ALLOWED, seccomp.DENIED, seccomp.ABSENT)]
    every = [name for group in lists for name in group]
    assert len(every) == len(set(every))
    assert {"mount", "unshare", "setns", "clone3"} <= set(lists[0])
    assert not {"bpf", "ptrace", "keyctl", "io_uring_setup", "kexec_load", "socket"} & set(lists[0])
