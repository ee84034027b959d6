"""A real shell outlives whoever looks at it, and what it prints arrives whole."""

import asyncio
import base64
import hashlib
import os
import re

import pytest

from sandbox import containers

pytestmark = pytest.mark.docker


async def test_a_viewer_that_vanishes_misses_nothing_and_sees_nothing_twice(alices, view):
    viewer = await view(alices, "vanish").attach()
    await viewer.type("for i in $(seq 40); do echo tick $i; sleep 0.05; done; echo do''ne\r")
    await viewer.until(b"tick 10\r\n")
    left = viewer.offset
    viewer.vanish()
    await asyncio.sleep(0.5)
    await viewer.attach()
    assert viewer.said[-1]["offset"] == left
    assert viewer.said[-1]["replay"] > 0
    assert not viewer.said[-1]["reset"]
    await viewer.until(b"done\r\n")
    assert [int(number) for number in re.findall(rb"tick (\d+)\r\n", viewer.seen)] == list(range(1, 41))


async def test_the_command_runs_on_while_nobody_looks(alices, view):
    viewer = await view(alices, "alone").attach()
    await viewer.type("sleep 0.7; echo $$ > ~/ran; echo do''ne\r")
    await viewer.until(b"$ ")
    viewer.vanish()
    await asyncio.sleep(1)
    await viewer.attach()
    await viewer.until(b"done\r\n")
    assert await viewer.ask("cat ~/ran") == await viewer.ask("echo $$")


async def test_a_page_that_is_loaded_again_gets_the_scrollback(alices, view):
    first = await view(alices, "reload").attach()
    await first.ask("echo before the reload; cd /tmp; HERE=1")
    await first.terminal.close()
    second = await view(alices, "reload").attach()
    attached = second.said[0]
    assert attached["reset"]
    assert attached["shell"] == first.shell
    assert attached["replay"] > 0
    await second.until(b"before the reload")
    assert await second.ask("echo $PWD $HERE") == "/tmp 1"


async def test_a_place_in_another_shell_is_of_no_use(alices, view):
    viewer = view(alices, "stranger")
    viewer.shell, viewer.offset = "00112233aabbccdd", 10**9
    await viewer.attach()
    assert viewer.said[0]["reset"]
    assert viewer.shell != "00112233aabbccdd"


async def test_a_place_ahead_of_the_shell_starts_over(alices, view):
    viewer = await view(alices, "ahead").attach()
    await viewer.ask("true")
    viewer.offset = 10**15
    await viewer.attach()
    assert viewer.said[-1]["reset"]
    assert viewer.said[-1]["offset"] == 0


async def test_two_viewers_see_the_same(alices, view):
    first, second = await view(alices, "pair").attach(), await view(alices, "pair").attach()
    assert first.shell == second.shell
    await first.type("echo from the fi''rst\r")
    await second.until(b"from the first")
    await second.type("echo from the se''cond\r")
    await first.until(b"from the second")
    await second.until(b"from the second")
    length = min(len(first.seen), len(second.seen))
    assert first.seen[:length] == second.seen[:length]


async def test_different_names_are_different_shells(alices, view):
    first, second = await view(alices, "one").attach(), await view(alices, "two").attach()
    assert first.shell != second.shell
    assert await first.ask("echo $$") != await second.ask("echo $$")


async def test_the_end_of_a_shell_is_reported_with_its_code(alices, view):
    viewer = await view(alices, "ending").attach()
    await viewer.type("exit 7\r")
    await viewer.until_the_end()
    assert viewer.said[-1] == {"type": "exit", "code": 7}
    old = viewer.shell
    await viewer.attach()
    assert viewer.said[-1]["reset"]
    assert viewer.shell != old
    assert await viewer.ask("echo alive") == "alive"


async def test_a_shell_whose_keeper_is_killed_makes_room_for_a_new_one(alices, view):
    viewer = await view(alices, "killed").attach()
    await viewer.type("kill -9 $PPID\r")
    await viewer.until_the_end()
    await viewer.attach()
    assert await viewer.ask("echo alive") == "alive"


async def test_a_size_reaches_the_shell(alices, view):
    viewer = await view(alices, "size").attach(size=(101, 37))
    assert await viewer.ask("stty size") == "37 101"
    await viewer.terminal.resize(66, 22)
    assert await viewer.ask("stty size") == "22 66"
    for cols, rows, expected in [(0, 0, "24 80"), (10**6, 10**6, "500 1000"), (-1, -1, "24 80")]:
        await viewer.terminal.resize(cols, rows)
        assert await viewer.ask("stty size") == expected


async def test_a_large_paste_arrives_whole(alices, view):
    text = base64.encodebytes(os.urandom(750_000)).decode()  # a little over 1 MB, in lines
    viewer = await view(alices, "paste").attach()
    await viewer.type("cat > ~/pasted\r")
    await viewer.until(b"pasted\r\n")
    reading = asyncio.create_task(viewer.until(b"  /home/learner/pasted\r\n"))
    await viewer.type(text + "\x04")
    await viewer.type("sha256sum ~/pasted\r")
    digest = hashlib.sha256(text.encode()).hexdigest()
    await asyncio.wait_for(reading, 60)
    assert digest.encode() in viewer.seen[-4096:]


async def test_every_byte_that_is_printed_arrives(alices, view):
    viewer = await view(alices, "bytes").attach()
    await viewer.ask("head -c 3000000 /dev/urandom | base64 -w 76 > ~/random")
    printed = await viewer.ask("cat ~/random")
    assert await viewer.ask("sha256sum < ~/random") == hashlib.sha256(printed.encode() + b"\n").hexdigest() + "  -"


async def test_a_viewer_that_falls_far_behind_is_set_right(alices, view):
    """It reads nothing while more is printed than is kept, until the shell no longer waits for it."""
    viewer = await view(alices, "behind").attach()
    await viewer.ask("true")
    await viewer.type("head -c 5000000 /dev/zero | tr '\\0' x | fold -w 79; echo the e''nd\r")
    other = await view(alices, "behind").attach()
    await asyncio.wait_for(other.until(b"the end"), 60)
    await viewer.until(b"the end")
    assert any(said["type"] == "attached" and said["reset"] for said in viewer.said[1:])


async def test_many_terminals_take_what_is_theirs_and_no_more(fresh, view):
    first = await view(fresh, "first").attach()
    await first.ask("true")
    refused = 0
    for number in range(60):
        try:
            await view(fresh, f"bomb-{number}").attach()
        except (StopAsyncIteration, TypeError, TimeoutError):
            refused += 1
    assert refused > 0
    assert fresh.facts()["networks"]  # the daemon lives, and can be asked
    assert await first.ask("echo alive") == "alive"
    assert fresh.container_id in containers.living().values()
