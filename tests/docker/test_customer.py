"""The customer in Rajwada orders what was pushed, and nothing that he is sent can hurt him or anybody else."""

import shlex
import time

import pytest

from sandbox import containers, customer, engine

POHA = "warehouse:5000/sarafa/poha"
DISH = "FROM warehouse:5000/sarafa/poha\nCMD {command}\n"


@pytest.fixture(scope="module", autouse=True)
def leaves(installation):
    yield
    customer.remove()


@pytest.fixture
def pushed(alices):
    """Have Alice push an image that runs a command; return its name."""

    def push(name: str, command: str) -> str:
        image = f"warehouse:5000/{alices.account.space}/{name}"
        recipe = shlex.quote(DISH.format(command=command))
        build = f"printf %s {recipe} | docker build -q -t {image} - && docker push -q {image}"
        # In a login shell: that is where a learner is signed in.
        code, output = alices.learner(f"bash -lc {shlex.quote(build)}", timeout=60)
        assert code == 0, output
        return image

    return push


def test_he_gets_what_is_on_the_shelves():
    served = customer.order(POHA)
    assert served.code == 0
    assert "INDORI POHA" in served.output


def test_he_gets_what_a_learner_pushed_and_gets_it_anew(pushed):
    assert customer.order(pushed("dish", "echo first")).output.strip() == "first"
    assert customer.order(pushed("dish", "echo second")).output.strip() == "second"


def test_what_is_not_there_is_said_to_be_not_there():
    for image in ("warehouse:5000/nobody/nothing", "docker.io/library/nginx", "poha; id", "warehouse:5000/../x"):
        with pytest.raises(customer.NotThere):
            customer.order(image)


def test_an_image_that_fails_is_served_as_it_is(pushed):
    served = customer.order(pushed("burnt", 'sh -c "echo burnt; exit 3"'))
    assert (served.code, served.output.strip()) == (3, "burnt")


def test_one_that_never_ends_is_ended(pushed, monkeypatch):
    started = time.monotonic()
    served = customer.order(pushed("endless", 'sh -c "echo here; sleep 1000"'))
    assert (served.code, served.output.strip()) == (124, "here")
    assert time.monotonic() - started < customer.ORDER_SECONDS + 20


def test_one_that_prints_without_end_is_cut(pushed):
    served = customer.order(pushed("flood", "yes"))
    assert len(served.output) == customer.OUTPUT


def test_one_that_eats_memory_or_forks_leaves_him_well(pushed):
    assert customer.order(pushed("hog", "tail /dev/zero")).code == 137
    customer.order(pushed("bomb", 'sh -c "f() { f | f & f; }; f"'))
    assert "INDORI POHA" in customer.order(POHA).output


def test_it_has_no_network_and_nothing_stays(pushed):
    assert "lo" in customer.order(pushed("lonely", "ls /sys/class/net")).output.split()
    customer_id = containers.made(customer.LABEL)[customer.CODE]["Id"]
    owner = f"{customer.OWNER_UID}:{customer.OWNER_UID}"
    exec_id = engine.client().exec_create(
        customer_id, ["/sbx/enter", "sh", "-c", "docker ps -aq; docker images -q"], user=owner
    )
    assert engine.client().exec_start(exec_id["Id"]) == b""


def test_one_who_is_gone_is_replaced():
    customer.order(POHA)
    customer.remove()
    assert "INDORI POHA" in customer.order(POHA).output
