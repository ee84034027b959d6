"""Commands: what they are called, and what of them is shown."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import commands


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("docker run --rm poha", "run"),
        ("/usr/bin/docker -H unix:///run/docker.sock ps -a", "ps"),
        ("docker container ls", "ps"),
        ("docker container run -d poha", "run"),
        ("docker image ls", "images"),
        ("docker network ls", "network ls"),
        ("docker volume create v", "volume create"),
        ("docker compose -f c.yaml up", "compose c.yaml"),
        ("docker compose up -d", "compose up"),
        ("docker buildx build .", "build"),
        ("docker build -t x .", "build"),
        ("docker", "docker"),
        ("docker --help", "docker"),
        ("curl -s http://localhost/version", "curl"),
        ("python3 order.py", "python3"),
        ("", ""),
    ],
)
def test_a_command_s_name_is_that_of_its_manual(line, name):
    assert commands.name_of(shlex.split(line)) == name


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("docker run -p 80:80 -it poha sh", "docker run -p 80:80 -it poha sh"),
        ("/usr/bin/docker ps", "docker ps"),
        ("docker run -e A=s3cret -eB=s3cret --env C=s3cret poha", "docker run -e A=… -eB=… --env C=… poha"),
        ("docker run -ite A=s3cret poha", "docker run -ite A=… poha"),
        ("docker run --env=A=s3cret -e A poha", "docker run --env=A=… -e … poha"),
        ("docker build --build-arg=T=s3cret --build-arg T=s3cret .", "docker build --build-arg=T=… --build-arg T=… ."),
        ("docker run -l a=s3cret --label b=s3cret poha", "docker run -l a=… --label b=… poha"),
        ("docker build https://me:s3cret@example.org/x.git", "docker build https://…@example.org/x.git"),
        ("docker run poha echo 'two words'", "docker run poha echo 'two words'"),
        ("curl -sS --unix-socket /run/docker.sock http://localhost/version",
         "curl -sS --unix-socket /run/docker.sock http://localhost/version"),
        ("curl -H 'X-Registry-Auth: s3cret' -X POST -d s3cret http://localhost/images/create?x=s3cret",
         "curl … -X POST … http://localhost/images/create"),
        ("curl -us3cret http://me:s3cret@localhost/", "curl … http://…@localhost/"),
        ("python3 order.py s3cret", "python3 …"),
    ],
)  # fmt: skip
def test_a_command_is_shown_without_its_secrets(line, shown):
    assert commands.shown(shlex.split(line)) == shown


def test_a_long_command_is_cut():
    assert len(commands.shown(["docker", "run", "x" * 1000])) == commands.SHOWN


@pytest.mark.slow
@given(st.lists(st.text(max_size=20), max_size=8))
def test_nothing_typed_breaks_them(argv):
    assert isinstance(commands.name_of(argv), str)
    assert isinstance(commands.shown(argv), str)
    assert isinstance(commands.shown(["docker", *argv]), str)
    assert isinstance(commands.shown(["curl", *argv]), str)


@given(st.sampled_from(["-e", "--env", "--build-arg", "-ite"]), st.text("abcXYZ0189_-", min_size=12, max_size=12))
def test_the_value_of_such_an_option_is_never_shown(option, secret):
    assert secret not in commands.shown(["docker", "run", option, f"NAME={secret}", "image"])
    assert secret not in commands.shown(["docker", "run", f"{option}=NAME={secret}", "image"])
