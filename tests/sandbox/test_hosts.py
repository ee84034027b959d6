"""Several hosts: where a sandbox goes, and what becomes of it when its host does not answer or is to be emptied."""

from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from config.celery import app
from courses.models import User
from sandbox import admission, hosts, tasks
from sandbox import engine as engines
from sandbox.admission import FullHouse
from sandbox.container import LOCAL
from sandbox.engine import EngineError, EngineUnreachable
from sandbox.models import Host, Sandbox, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def near() -> Host:
    return Host.objects.get(name=LOCAL)


@pytest.fixture
def far() -> Host:
    return Host.objects.create(name="far", url="tcp://10.0.0.2:2376", capacity=15)


@pytest.fixture
def silent(monkeypatch) -> set[str]:
    """The names of hosts whose engines do not answer."""
    names: set[str] = set()

    def knock(host):
        if host.name in names:
            raise EngineUnreachable(f"No Docker Engine answers at {host.url}.")

    monkeypatch.setattr(engines, "knock", knock)
    return names


def guests(count: int) -> list[User]:
    return [User.objects.create_guest(name=f"Guest {number}") for number in range(count)]


def spread() -> dict[str, int]:
    return {host.name: host.live for host in Host.objects.with_room()}


# --- rooms ---


def test_one_machine_is_a_host_like_any_other(near):
    assert (near.address.url, near.state) == ("unix:///nowhere/docker.sock", "ready")
    assert [(host.name, host.limit, host.live, host.room) for host in Host.objects.with_room()] == [(LOCAL, 10, 0, 10)]


def test_a_sandbox_goes_to_the_host_with_the_most_room(near, far):
    for learner in guests(7):
        admission.open_for(learner)
    assert spread() == {LOCAL: 1, "far": 6}
    assert {host.room for host in Host.objects.with_room()} == {9}


def test_it_is_found_in_one_query(near, far, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert Host.objects.roomiest().first() == far


def test_the_house_is_full_when_every_host_is(near, far):
    Host.objects.filter(name="far").update(capacity=2)
    for learner in guests(12):
        admission.open_for(learner)
    assert spread() == {LOCAL: 10, "far": 2}
    assert admission.room() == 0
    with pytest.raises(FullHouse):
        admission.open_for(*guests(1))


def test_what_this_machine_is_short_of_the_others_are_not(near, far, monkeypatch):
    monkeypatch.setattr("sandbox.capacity.shortage", lambda starting: "This machine is too busy.")
    assert admission.room() == 15
    assert admission.open_for(*guests(1)).host == far


def test_the_pool_is_spread_too(near, far, settings):
    settings.SANDBOX_POOL = 7
    admission.fill_pool()
    assert spread() == {LOCAL: 1, "far": 6}


@pytest.mark.parametrize("state", [{"draining": True}, {"lost_at": timezone.now()}])
def test_a_host_that_is_drained_or_lost_gets_none(near, far, state):
    warm = Sandbox.objects.create(host=far, state=State.RUNNING, started_at=timezone.now())
    far.change(**state)
    made = admission.open_for(*guests(1))
    assert (made.host, made == warm) == (near, False)
    assert Host.objects.limit() == 10


def test_without_a_host_that_answers_the_house_says_so(near):
    near.change(lost_at=timezone.now())
    with pytest.raises(FullHouse, match="No host answers"):
        admission.open_for(*guests(1))


def test_one_that_has_just_not_answered_comes_last(near, far):
    far.note_silence(timezone.now(), "no answer")
    assert admission.open_for(*guests(1)).host == near


def test_a_new_one_for_an_old_goes_where_the_room_is(alice, make, near, far):
    made = admission.replace(make(alice), keep_home=True)
    assert made.host == far


def test_it_is_started_on_its_host(alice, make, engine, far):
    sandbox = make(alice, State.STARTING, host=far)
    created = []
    engine.before["create"] = lambda: None
    original = tasks.containers.create
    tasks.containers.create = lambda spec, host: created.append(host) or original(spec, host)
    try:
        tasks.start_sandbox(sandbox.pk)
    finally:
        tasks.containers.create = original
    assert created == [far.address]
    assert Sandbox.objects.get().container.host == far.address


def test_a_start_on_a_host_that_does_not_answer_goes_on_elsewhere(alice, make, engine, near, far, queued):
    sandbox = make(alice, State.STARTING, host=far)
    engine.fails["create"] = EngineUnreachable("No Docker Engine answers.")
    tasks.start_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert (sandbox.host, sandbox.state) == (near, State.STARTING)
    assert queued() == [("start_sandbox", (sandbox.pk,))]


def test_who_is_late_with_a_start_leaves_one_alone_that_another_has_started(alice, make, engine, near, far):
    sandbox = make(alice, State.STARTING, host=far)
    by_another = {"state": State.RUNNING, "claimed_at": timezone.now(), "container_id": "d" * 64}
    engine.before["create"] = lambda: Sandbox.objects.update(**by_another)
    engine.fails["create"] = EngineUnreachable("No Docker Engine answers.")
    tasks.start_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert (sandbox.host, sandbox.state, sandbox.container_id) == (far, State.RUNNING, "d" * 64)


def test_others_are_told_after_the_transaction_in_which_it_goes_elsewhere(alice, make, near, far, monkeypatch):
    depths = [len(connection.savepoint_ids)]
    for name in ("publish", "order_start"):
        monkeypatch.setattr(Sandbox, name, lambda sandbox: depths.append(len(connection.savepoint_ids)))
    assert admission.relocate(make(alice, host=far), "It goes on elsewhere.")
    assert depths == [depths[0]] * 3


# --- a host that does not answer ---


def let_it_be_lost(host: Host) -> None:
    hosts.look()
    Host.objects.filter(pk=host.pk).update(silent_since=timezone.now() - timedelta(seconds=30))
    hosts.look()
    host.refresh_from_db()


def test_it_is_given_up_only_after_some_time(far, silent):
    silent.add("far")
    hosts.look()
    hosts.look()
    far.refresh_from_db()
    assert (far.state, far.error) == ("silent", "No Docker Engine answers at tcp://10.0.0.2:2376.")
    let_it_be_lost(far)
    assert far.state == "lost"


def test_time_in_which_nobody_looked_does_not_count(far, silent):
    far.change(seen_at=timezone.now() - timedelta(hours=1))
    silent.add("far")
    hosts.look()
    far.refresh_from_db()
    assert far.state == "silent"


def test_its_learners_go_on_elsewhere_and_are_told(alice, make, near, far, silent, queued, heard):
    sandbox = make(alice, host=far, active_at=timezone.now())
    silent.add("far")
    take = heard(sandbox)
    let_it_be_lost(far)
    sandbox.refresh_from_db()
    assert (sandbox.host, sandbox.state, sandbox.container_id) == (near, State.STARTING, "")
    assert "does not answer any more" in sandbox.error
    assert queued() == [("start_sandbox", (sandbox.pk,))]
    assert "sandbox.state" in [event["type"] for event in take()]


def test_of_two_looks_at_once_neither_takes_back_what_the_other_noted(far):
    now, older = timezone.now(), Host.objects.get(pk=far.pk)
    far.note_silence(now - timedelta(seconds=20), "no answer")
    far.note_silence(now, "no answer")
    older.note_silence(now - timedelta(seconds=15), "no answer")
    far.refresh_from_db()
    assert (far.state, far.silent_since) == ("lost", now - timedelta(seconds=20))


def test_one_that_is_removed_while_it_is_looked_at_stays_away(far):
    now, name = timezone.now(), far.pk
    Host.objects.filter(pk=name).delete()
    far.note_answer(now)
    far.note_silence(now, "no answer")
    assert not Host.objects.filter(pk=name).exists()


def test_who_starts_one_that_has_gone_elsewhere_since_it_was_read_starts_it_there(alice, make, near, far, now):
    sandbox = make(alice, State.STARTING, host=far)
    read_before = Sandbox.objects.get()
    admission.relocate(sandbox, "It goes on elsewhere.")
    assert read_before.claim_start(now)
    assert read_before.container.host == near.address


def test_those_in_use_come_first(make, near, far, silent, settings):
    settings.SANDBOX_LIMIT = 2
    now = timezone.now()
    asleep, long_ago, busy = guests(3)
    make(asleep, host=far, active_at=now, paused_at=now)
    make(long_ago, host=far, active_at=now - timedelta(minutes=9))
    make(busy, host=far, active_at=now)
    silent.add("far")
    let_it_be_lost(far)
    found = {row.learner.name: (row.host_id, row.state) for row in Sandbox.objects.select_related("learner")}
    assert found == {
        "Guest 0": ("far", State.FAILED), "Guest 1": (LOCAL, State.STARTING), "Guest 2": (LOCAL, State.STARTING),
    }  # fmt: skip


def test_of_its_warm_ones_nothing_is_left_and_those_on_their_way_out_are_out(alice, make, near, far, silent):
    Sandbox.objects.create(host=far, state=State.RUNNING, started_at=timezone.now())
    ending = make(alice, State.STOPPING, host=far, container_id="c" * 64)
    silent.add("far")
    let_it_be_lost(far)
    assert Sandbox.objects.get() == ending
    ending.refresh_from_db()
    assert ending.state == State.STOPPED


def test_one_that_another_look_has_brought_elsewhere_is_not_lost(alice, make, near, far, silent, monkeypatch):
    sandbox = make(alice, State.STARTING, host=far)
    relocate = admission.relocate

    def after_another(late: Sandbox, why: str) -> bool:
        return relocate(Sandbox.objects.get(), why) and relocate(late, why)

    monkeypatch.setattr(admission, "relocate", after_another)
    silent.add("far")
    let_it_be_lost(far)
    sandbox.refresh_from_db()
    assert (sandbox.host, sandbox.state) == (near, State.STARTING)


def test_while_there_is_no_other_host_they_wait_for_theirs(alice, make, near, silent):
    sandbox = make(alice)
    silent.add(LOCAL)
    let_it_be_lost(near)
    sandbox.refresh_from_db()
    assert (near.state, sandbox.state) == ("lost", State.RUNNING)


def test_one_that_comes_back_is_cleared_before_it_gets_sandboxes(alice, make, engine, near, far, silent, monkeypatch):
    monkeypatch.setattr(hosts, "prepare", lambda host, say, wait: None)
    sandbox = make(alice, host=far, active_at=timezone.now())
    engine.made[sandbox.code] = sandbox.container_id
    silent.add("far")
    let_it_be_lost(far)
    silent.clear()
    hosts.look()
    far.refresh_from_db()
    assert far.state == "lost"
    tasks.reconcile_host("far")
    far.refresh_from_db()
    assert (far.state, engine.made) == ("ready", {})
    sandbox.refresh_from_db()
    assert sandbox.state == State.STARTING


def test_what_runs_on_a_lost_one_that_answers_again_is_not_given_up(alice, make, near, far, silent, queued):
    silent.add("far")
    let_it_be_lost(far)
    silent.clear()
    sandbox = make(alice, host=far)
    hosts.look()
    sandbox.refresh_from_db()
    assert (sandbox.host, sandbox.state) == (far, State.RUNNING)
    assert queued() == [("reconcile_host", ("far",))]


def test_rows_and_containers_are_compared_on_hosts_that_are_not_lost(engine, near, far, queued):
    tasks.reconcile()
    assert queued() == [("reconcile_host", ("far",))]
    far.change(lost_at=timezone.now())
    tasks.reconcile()
    assert queued() == []


def test_an_order_to_compare_them_does_not_outlast_the_next(near, far):
    tasks.order(tasks.reconcile_host, "far")
    with app.connection_for_read() as broker:
        headers = broker.default_channel.basic_get("celery", no_ack=True).headers
    left = datetime.fromisoformat(headers["expires"]) - timezone.now()
    assert timedelta(seconds=15) < left <= timedelta(seconds=20)


def test_while_its_image_is_on_its_way_no_worker_waits_for_it(engine, near, far, monkeypatch):
    monkeypatch.setattr(hosts.gateway, "ensure_open", lambda: None)
    monkeypatch.setattr(hosts.images, "send", lambda host, say: None)
    monkeypatch.setattr(hosts.gateway, "ensure_relay", lambda host: None)
    far.change(lost_at=timezone.now())
    with hosts.alone("host-far"):
        tasks.reconcile_host("far")
        far.refresh_from_db()
        assert far.state == "lost"
    tasks.reconcile_host("far")
    far.refresh_from_db()
    assert far.state == "ready"


def test_the_rows_of_another_host_are_nothing_to_a_host(alice, make, engine, near, far):
    sandbox = make(alice, host=far, started_at=timezone.now() - timedelta(minutes=5))
    tasks.reconcile_host(LOCAL)
    sandbox.refresh_from_db()
    assert sandbox.state == State.RUNNING


# --- a host that is to be emptied ---


def test_what_a_drained_host_keeps_warm_goes_at_once(near, far, queued, capsys):
    warm = Sandbox.objects.create(host=far, state=State.RUNNING, started_at=timezone.now())
    call_command("host", "drain", "far")
    warm.refresh_from_db()
    assert warm.state == State.STOPPING
    assert queued() == [("stop_sandbox", (warm.pk,))]


def test_learners_stay_until_they_end_but_are_not_extended(alice, make, near, far, now):
    make(alice, host=far, expires_at=now + timedelta(minutes=5))
    call_command("host", "drain", "far")
    sandbox = Sandbox.objects.get()
    assert (sandbox.state, sandbox.can_extend(now), sandbox.extend(now)) == (State.RUNNING, False, False)
    call_command("host", "undrain", "far")
    assert Sandbox.objects.get().extend(now)


def test_or_are_moved_with_their_files(alice, make, engine, near, far, queued):
    sandbox = make(alice, host=far)
    engine.made[sandbox.code] = sandbox.container_id
    engine.homes[sandbox.container_id] = b"work"
    call_command("host", "drain", "far", "--move")
    assert queued() == [("move_sandbox", (sandbox.pk,))]
    tasks.move_sandbox(sandbox.pk)
    assert engine.made == {}
    tasks.start_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert (sandbox.host, sandbox.state, engine.homes[sandbox.container_id]) == (near, State.RUNNING, b"work")


def test_one_whose_files_cannot_be_saved_stays(alice, make, engine, near, far):
    sandbox = make(alice, host=far)
    engine.made[sandbox.code] = sandbox.container_id
    engine.fails["save_home"] = EngineError("The home could not be saved.")
    far.change(draining=True)
    tasks.move_sandbox(sandbox.pk)
    sandbox.refresh_from_db()
    assert (sandbox.host, sandbox.state) == (far, State.RUNNING)
    assert engine.made


# --- the command ---


@pytest.mark.parametrize(
    ("name", "url", "why"),
    [
        ("local", "tcp://10.0.0.2:2376", "no name"),
        ("warehouse", "tcp://10.0.0.2:2376", "none of local, warehouse"),
        ("Far Away", "tcp://10.0.0.2:2376", "no name"),
        ("../etc", "tcp://10.0.0.2:2376", "no name"),
        ("far", "ssh://far", "Have ssh forward its socket"),
        ("far", "10.0.0.2", "no address"),
        ("far", "unix:///nowhere/else.sock", "No Docker Engine answers at unix:///nowhere/else.sock"),
        ("far", "tcp://10.0.0.2:2376", "ca.pem cannot be read"),
    ],
)
def test_what_is_no_host_is_refused_in_a_sentence(name, url, why, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    with pytest.raises(CommandError, match=why):
        call_command("host", "add", name, url)
    assert Host.objects.count() == 1


def test_a_host_with_sandboxes_is_not_removed(alice, make, far):
    make(alice, host=far)
    with pytest.raises(CommandError, match="Drain it first"):
        call_command("host", "remove", "far")


def test_whether_it_is_empty_is_asked_in_turn(alice, make, far, monkeypatch):
    monkeypatch.setattr(hosts, "take_turn", lambda name: make(alice, host=far) if name == admission.TURN else None)
    with pytest.raises(CommandError, match="Drain it first"):
        call_command("host", "remove", "far")
    assert Host.objects.filter(name="far").exists()


def test_an_empty_one_is_and_what_ended_there_is_still_known(alice, make, far, monkeypatch):
    monkeypatch.setattr("sandbox.gateway.remove_relay", lambda host: None)
    monkeypatch.setattr("sandbox.gateway.close", lambda: None)
    make(alice, State.STOPPED, host=far)
    call_command("host", "remove", "far")
    assert [host.name for host in Host.objects.all()] == [LOCAL]
    assert Sandbox.objects.count() == 1


def test_the_local_one_stays(near):
    with pytest.raises(CommandError, match="stays"):
        call_command("host", "remove", LOCAL)


def test_one_that_is_unknown_is_said_to_be(near):
    with pytest.raises(CommandError, match=r"There is no host mars\. There are: local"):
        call_command("host", "drain", "mars")


def test_all_are_listed(near, far, silent, capsys):
    silent.add("far")
    hosts.look()
    call_command("host", "list")
    printed = capsys.readouterr().out
    assert "local                ready         0    10    10  unix:///nowhere/docker.sock" in printed
    assert "far                  silent        0    15    15  tcp://10.0.0.2:2376" in printed
