"""The shell in the page, and what it survives."""

import time

import pytest
from platform_under_test import LESSON, Learner, until


@pytest.fixture
def alice(resident):
    resident.start_over()
    return resident


def test_a_reload_brings_back_the_shell_with_its_scrollback(alice):
    alice.run("export DISH=jalebi; seq 1 300")
    alice.page.reload()
    alice.wait_for_prompt()
    lines = alice.screen().splitlines()
    assert [str(number) for number in range(1, 301)] == [line for line in lines if line.isdecimal()]
    assert "jalebi" in alice.run("echo $DISH")


def test_a_killed_server_loses_neither_shell_nor_output(alice, platform):
    alice.run("MARK=$$")
    alice.type("for i in $(seq 1 8); do echo tick $i; sleep 1; done; echo still $MARK $$\n")
    until(lambda: "tick 2" in alice.screen(), 10, "the command to be under way")

    platform.kill("config.asgi")

    until(lambda: alice.at_prompt() and "still" in alice.screen().split("tick 8")[-1], 40, "the end of the command")
    lines = alice.screen().splitlines()
    assert [line for line in lines if line.startswith("tick")] == [f"tick {number}" for number in range(1, 9)]
    mark, shell = next(line for line in lines if line.startswith("still ")).split()[1:]
    assert mark == shell


def test_two_tabs_share_one_shell(alice):
    second = alice.page.context.new_page()
    first, alice.page = alice.page, second
    second.goto(alice.platform.url + LESSON)
    alice.wait_for_prompt()
    alice.run("echo from the second tab")
    alice.page = first
    until(lambda: "from the second tab" in alice.screen(), 5, "the first tab to show it")


def test_a_code_block_runs_once_per_click_and_never_again(alice, platform):
    prompts = alice.screen().count("learner@")
    alice.page.locator(".code-run").first.click()
    until(lambda: alice.screen().count("learner@") == prompts + 1 and alice.at_prompt(), 30, "the command's end")
    platform.kill("config.asgi")
    time.sleep(4)
    alice.wait_for_prompt()
    assert alice.screen().count("learner@") == prompts + 1


def test_a_flood_does_not_stop_the_page(alice):
    alice.type("timeout 4 cat /dev/urandom | base64\n")
    time.sleep(5)
    alice.wait_for_prompt(30)
    assert alice.run("echo served").strip() == "served"


def reset_to_prompt(learner: Learner) -> bool:
    """Interrupt, type `reset`, and say whether a clean prompt came of it. A person does so until one comes."""
    learner.page.keyboard.press("Control+c")  # what the rubbish made the terminal answer was typed into the shell
    learner.type("reset\n")
    time.sleep(3)  # it waits a second itself, and then clears the screen: a prompt seen before that is the last one's
    learner.page.keyboard.press("Control+c")  # the last of what the terminal answers may stand on the line
    time.sleep(0.5)
    return learner.at_prompt()


def test_binary_rubbish_leaves_a_usable_shell(alice):
    alice.type("timeout 2 cat /dev/urandom\n")
    time.sleep(4)
    until(lambda: reset_to_prompt(alice), 30, "the prompt")
    alice.type("echo ser''ved\n")
    until(lambda: "\nserved" in alice.screen(), 30, "what was printed")


def test_a_paste_arrives_whole(alice):
    alice.type("cat > paste.txt\n")
    bracketed = "() => document.querySelector('[data-testid=terminal-client]').terminal.modes.bracketedPasteMode"
    until(lambda: not alice.page.evaluate(bracketed), 5, "cat to run instead of the shell's line editor")
    text = "\n".join(f"line {number} of what was copied" for number in range(3000)) + "\n"
    script = "text => document.querySelector('[data-testid=terminal-client]').terminal.paste(text)"
    alice.page.evaluate(script, text)
    until(lambda: "line 2999 of" in alice.screen(), 30, "the end of the paste")
    alice.page.keyboard.press("Control+d")
    alice.wait_for_prompt()
    assert alice.run("wc -l < paste.txt").strip() == "3000"


def test_ten_megabytes_pasted_at_once_are_asked_about_and_arrive(alice):
    asked: list[str] = []
    alice.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    alice.type("stty -echo; cat > paste.txt\n")
    bracketed = "() => document.querySelector('[data-testid=terminal-client]').terminal.modes.bracketedPasteMode"
    until(lambda: not alice.page.evaluate(bracketed), 5, "cat to run instead of the shell's line editor")
    time.sleep(0.5)
    paste = """() => {
        const data = new DataTransfer();
        data.setData('text/plain', ('x'.repeat(99) + '\\n').repeat(100000));
        const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
        document.querySelector('[data-testid=terminal-client] textarea').dispatchEvent(event);
    }"""
    alice.page.evaluate(paste)
    until(lambda: asked, 5, "the question")
    alice.page.keyboard.press("Control+d")
    until(lambda: alice.screen().count("$") > 1, 90, "the prompt")
    assert alice.run("stty echo; wc -c < paste.txt").split()[-1] == "10000000"


def test_the_window_decides_the_size(alice):
    wide = alice.run("stty size").split()
    alice.page.set_viewport_size({"width": 1900, "height": 1000})
    time.sleep(1)
    wider = alice.run("stty size").split()
    sizes = [[int(word) for word in words if word.isdecimal()] for words in (wide, wider)]
    assert sizes[0][-1] < sizes[1][-1]


def test_the_shell_that_ended_starts_anew(alice):
    alice.type("exit\n")
    until(
        lambda: "ended" in alice.page.locator("#panel-terminal").inner_text() or "ended" in alice.screen(), 10, "a word"
    )
    alice.type("\n")
    until(alice.at_prompt, 15, "a new prompt")


def test_a_lost_sandbox_is_said_and_started_again(arrive):
    alice = arrive()
    alice.start()
    old = alice.code
    token = alice.page.locator("#workspace").get_attribute("data-csrf")
    alice.page.request.post(f"{alice.platform.url}/sandbox/{old}/stop/", headers={"X-CSRFToken": token})
    button = alice.page.locator("[data-status-button]")
    until(button.is_visible, 10, "a button to start again")
    button.click()
    until(lambda: alice.at_prompt() and alice.code != old, 20, "a new sandbox")


def test_reset_gives_a_clean_sandbox(arrive):
    alice = arrive()
    alice.start()
    alice.run("docker pull -q warehouse:5000/sarafa/poha; touch mine")
    old = alice.code
    alice.page.get_by_test_id("reset").click()
    dialog = alice.page.get_by_role("dialog")
    dialog.get_by_role("checkbox", name="Keep the files").uncheck()
    dialog.get_by_role("button", name="Reset").click()
    until(lambda: alice.code != old, 15, "another sandbox")
    until(lambda: alice.at_prompt() and "mine" not in alice.screen(), 20, "its prompt")
    assert alice.run("ls; docker images -q").strip() == ""


def test_a_browser_that_slept_for_an_hour_wakes_up_to_the_same_shell(arrive):
    alice = arrive()
    opened: list[str] = []
    alice.page.on("websocket", lambda socket: opened.append(socket.url))
    alice.page.clock.install()
    alice.start()
    alice.run("MARK=$$")
    before = len(opened)
    alice.type("sleep 3; echo while you slept\n")
    alice.page.context.set_offline(True)
    time.sleep(5)
    alice.page.clock.fast_forward("01:00:00")
    alice.page.context.set_offline(False)
    until(lambda: "while you slept" in alice.screen().splitlines(), 30, "what was printed meanwhile")
    alice.wait_for_prompt()
    assert alice.run("[ $MARK = $$ ] && echo the same").strip() == "the same"
    assert alice.run("docker ps -q | wc -l").strip() == "0"
    log = alice.pane("daemon")
    until(lambda: "GET /containers/json" in (log.text_content() or ""), 10, "the daemon's log to go on")
    woken = opened[before:]
    assert any("/terminal/" in url and "offset=" in url for url in woken)
    assert any("/events/" in url and "after=" in url for url in woken)
