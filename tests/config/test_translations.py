"""The interface speaks every language it offers: each text is translated, and none stands bare in a template."""

import ast
import importlib.util
import os
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import polib
import pytest
from django.conf import settings
from django.template.base import Lexer, TokenType
from django.template.engine import Engine
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.test import Client
from django.utils.translation import gettext, override, trim_whitespace

from config.languages import language_of
from sandbox import repairs, tasks
from sandbox.flow import Flow
from sandbox.lines import parse_daemon
from sandbox.models import Sandbox, State
from sandbox.tap import hear
from tests.recordings import heard_call

ROOT = settings.BASE_DIR
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".svg"})
MODULES = sorted(
    path for room in ("config", "courses", "sandbox", "workshops", "accounts") for path in (ROOT / room).rglob("*.py")
)
MARKING = {"_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "pgettext": 2, "ngettext": 1}  # and their texts
PLACES = re.compile(r"%\(\w+\)[sd]|\{\w+\}|\\\d|<[^>]+>|&\w+;")
Text = tuple[str, str | None]  # a text, and the context that tells it from an equal one


def catalogue(language: str) -> polib.POFile:
    return polib.pofile(ROOT / "locale" / language / "LC_MESSAGES" / "django.po")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- the catalogue ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language):
    texts = catalogue(language)
    assert [text.msgid for text in texts.untranslated_entries() + texts.fuzzy_entries()] == []
    assert texts.obsolete_entries() == []


def translations(text: polib.POEntry) -> Iterator[tuple[str, str]]:
    yield text.msgid, text.msgstr or text.msgstr_plural[0]
    if text.msgid_plural:
        for number in range(1, len(text.msgstr_plural)):
            yield text.msgid_plural, text.msgstr_plural[number]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_what_is_filled_in_and_the_tags(language):
    pairs = [pair for text in catalogue(language) for pair in translations(text)]
    assert len(pairs) > 100
    for original, translated in pairs:
        assert Counter(PLACES.findall(original)) == Counter(PLACES.findall(translated)), translated


# --- nothing is missing from it ---


def texts_of_template(path: Path) -> set[Text]:
    """Return what the template's translate tags look up, as Django's own parser reads them."""
    nodes = Engine.get_default().get_template(str(path.relative_to(ROOT / "templates"))).nodelist
    found = set()
    for node in nodes.get_nodes_by_type(TranslateNode):
        context = node.message_context.var if node.message_context else None
        if getattr(node.filter_expression.var, "literal", None):
            found.add((node.filter_expression.var.literal, context))
    for node in nodes.get_nodes_by_type(BlockTranslateNode):
        text = node.render_token_list(node.singular)[0]
        context = node.message_context.var if node.message_context else None
        found.add((trim_whitespace(text) if node.trimmed else text, context))
    return found


def texts_of_module(source: str) -> set[Text]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in MARKING:
            continue
        given = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        wanted = MARKING[node.func.id]
        if len(given) >= wanted:
            found.add((given[wanted - 1], given[0] if wanted == 2 else None))
    return found


@pytest.fixture(scope="module")
def texts_in_use() -> dict[Text, str]:
    """Return every text of the interface, and a file that says it."""
    used = {text: name_of(path) for path in TEMPLATES for text in texts_of_template(path)}
    return used | {text: name_of(path) for path in MODULES for text in texts_of_module(path.read_text())}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_holds_every_text(language, texts_in_use):
    known = {(text.msgid, text.msgctxt) for text in catalogue(language)}
    missing = {text: file for text, file in texts_in_use.items() if text not in known}
    assert missing == {}, "run scripts/messages.py --extract, then translate what is new"
    assert known - texts_in_use.keys() == set(), "no page says these any more: run scripts/messages.py --extract"


def test_texts_are_found_in_templates_and_modules(texts_in_use):
    assert texts_in_use["Skip to the content", None] == "templates/base.html"
    assert texts_in_use["Night", "colours"] == "templates/includes/header.html"
    assert texts_in_use["%(done)s of %(total)s", None] == "templates/workshops/workshop.html"
    assert any(text.startswith("<kbd>Ctrl</kbd>") for text, _ in texts_in_use)
    assert texts_in_use["There is no such sandbox.", None] == "sandbox/views.py"


def test_texts_are_found_in_any_call_that_marks_them():
    source = 'a = _("one")\nb = pgettext("here", "two")\nc = ngettext("%(n)s cup", "%(n)s cups", n)\nd = _(text)\n'
    assert texts_of_module(source) == {("one", None), ("two", "here"), ("%(n)s cup", None)}


# --- nothing bare in a template ---

READ_ALOUD = {"title", "aria-label", "aria-description", "placeholder", "alt", "content", "label"}
NOT_WORDS = {"script", "style"}
NAMES = {"Sarafa Bazaar", "Docker", "A−", "A+", "UTC", "abcd-efgh", "abcd-efgh-jkmn"}
TECHNICAL = {"viewport", "theme-color", "color-scheme"}  # meta elements nobody reads


class BareText(HTMLParser):
    """Collects what a reader would see or hear and no translation can change."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        given = dict(attributes)
        if tag == "meta" and given.get("name") in TECHNICAL:
            return
        read = READ_ALOUD | ({"value"} if tag == "input" and given.get("type") in {"submit", "button"} else set())
        for name in read & given.keys():
            self.look_at(given[name] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            del self.inside[len(self.inside) - self.inside[::-1].index(tag) - 1 :]

    def handle_data(self, data: str) -> None:
        if not NOT_WORDS & set(self.inside):
            self.look_at(data)

    def look_at(self, text: str) -> None:
        text = " ".join(text.split())
        if re.search(r"[^\W\d_]", text) and text not in NAMES:
            self.found.append(text)


IN_A_TAG = {"block body_attrs", "block bodyclass"}


def bare_texts(template: str) -> list[str]:
    markup, is_in_block = "", False
    for token in Lexer(template).tokenize():
        if token.token_type == TokenType.BLOCK:
            word = token.contents.split()[0]
            is_in_block = word in {"blocktranslate", "blocktrans"} or (is_in_block and not word.startswith("endblock"))
            # These blocks of a base are inside a tag: what fills them is read as attributes, too.
            markup += (
                "<i " if token.contents in {"block body_attrs", "block bodyclass"} and "extends" in template else ""
            )
            markup += ">" if word == "endblock" and markup.rpartition("<")[2].startswith("i ") else ""
        elif token.token_type == TokenType.TEXT and not is_in_block:
            markup += token.contents
    parser = BareText()
    parser.feed(markup)
    parser.close()
    return parser.found


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_no_text_stands_bare_in_a_template(path):
    assert bare_texts(path.read_text()) == []


@pytest.mark.parametrize(
    "template",
    [
        "<p>Hello</p>",
        "<p>{{ name }} is here</p>",
        '<button title="Press">×</button>',
        '<p aria-label="{% if a %}Open{% endif %}"></p>',
        '<input placeholder="Search">',
        '<input type="submit" value="Send">',
        "{% blocktranslate %}Good{% endblocktranslate %} Bad",
        '<meta name="description" content="A course">',
        "<svg><text>Daemon</text></svg>",
    ],
)
def test_a_bare_text_is_found(template):
    assert len(bare_texts(template)) == 1


@pytest.mark.parametrize(
    "template",
    [
        '<p title="{% translate "Press" %}">{% translate "Hello" %} · 12</p>',
        "{# a remark #}<p>{{ name }}</p><script>const words = 1;</script>",
        '{% blocktranslate count n=n %}One{% plural %}Many{% endblocktranslate %}<input name="a" value="b">',
        "<b>Docker</b>",
    ],
)
def test_what_is_translated_or_a_name_is_not_bare(template):
    assert bare_texts(template) == []


# --- the pages ---


@pytest.fixture(autouse=True)
def compiled() -> None:
    messages().compile_stale()


def messages() -> ModuleType:
    """Return scripts/messages.py, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("messages", ROOT / "scripts" / "messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def hindi() -> Client:
    return Client(headers={"accept-language": "hi-IN,hi;q=0.9,en;q=0.5"})


def test_the_front_page_is_in_the_browsers_language(db, hindi):
    page = hindi.get("/").content.decode()
    assert '<html lang="hi"' in page
    for words in ("सीखना शुरू कीजिए", "साइन इन", "भाषा", "यह कैसे चलता है"):
        assert words in page
    assert "Start learning" not in page


def test_a_lesson_and_its_workspace_are_in_the_browsers_language(alice, hindi):
    hindi.force_login(alice)
    page = hindi.get("/courses/sarafa-bazaar/day-2/").content.decode()
    assert '<html lang="hi"' in page
    for words in ("टर्मिनल", "आपका सैंडबॉक्स", "हल दिखाइए", "बाक़ी", "इस पन्ने पर", "शेल ख़त्म हुआ"):
        assert words in page
    assert "Show solution" not in page


def test_an_error_page_is_in_the_browsers_language(db, hindi):
    page = hindi.get("/courses/sarafa-bazaar/day-99/").content.decode()
    assert "इस जगह कोई दुकान नहीं" in page
    assert "इस नाम का कोई पाठ यहाँ नहीं है" in page


def test_a_form_refused_for_its_token_is_in_the_browsers_language(db):
    strict = Client(enforce_csrf_checks=True, headers={"accept-language": "hi"})
    page = strict.post("/start/").content.decode()
    assert '<html lang="hi"' in page
    assert "एक बार फिर कोशिश कीजिए" in page


def test_the_language_menu_switches_and_is_remembered(db):
    visitor = Client()
    assert '<html lang="en"' in visitor.get("/").content.decode()
    answer = visitor.post("/i18n/setlang/", {"language": "hi", "next": "/courses/sarafa-bazaar/"})
    assert (answer.status_code, answer["Location"]) == (302, "/courses/sarafa-bazaar/")
    page = visitor.get("/courses/sarafa-bazaar/", headers={"accept-language": "en"}).content.decode()
    assert '<html lang="hi"' in page
    assert 'value="hi" lang="hi" aria-current="true"' in page
    visitor.post("/i18n/setlang/", {"language": "en"})
    assert '<html lang="en"' in visitor.get("/").content.decode()


LABELS = ["Daemon", "Warehouse", "Flow", "Raw lines", "Run", "Reset", "Story", "Terminal"]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lesson_names_buttons_as_they_are_labelled(language, label):
    folder = ROOT / "courses" / "content" / "sarafa-bazaar" / "day-2"
    with override(language):
        assert f"**{gettext(label)}**" in (folder / f"index.{language}.md").read_text()


# --- the websockets ---


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("hi", "en", "hi"),
        ("", "hi-IN,hi;q=0.9", "hi"),
        ("", "fr", "en"),
        ("xx", "", "en"),
        ("", "", "en"),
    ],
)
def test_a_websocket_speaks_the_language_of_its_page(cookie, accepted, language):
    headers = [(b"Accept-Language", accepted.encode())] if accepted else []
    cookies = {settings.LANGUAGE_COOKIE_NAME: cookie} if cookie else {}
    assert language_of({"headers": headers, "cookies": cookies}) == language
    assert language_of({"headers": headers}) == ("hi" if "hi" in accepted else "en")


def test_the_flow_and_the_log_are_told_in_the_readers_language():
    pull = 'level=debug msg="Trying to pull warehouse:5000/sarafa/poha from http://warehouse:5000"'
    with override("hi"):
        line = parse_daemon(1, pull)
        [event] = Flow().feed(hear(1, heard_call(1, "GET", "/version")))
    assert line.text == "http://warehouse:5000 से warehouse:5000/sarafa/poha माँगता है"
    assert event["text"] == "क्लाइंट डेमन से उसका संस्करण पूछता है।"


@pytest.mark.parametrize(("language", "words"), [("hi", "डेमन को अब तक किसी ने नहीं पुकारा"), ("en", "daemon")])
def test_a_check_speaks_the_language_it_was_asked_in(alice, monkeypatch, language, words):
    sandbox = Sandbox.objects.create(learner=alice, state=State.RUNNING)
    alice.enroll("sarafa-bazaar")
    said = []
    monkeypatch.setattr(tasks, "known_of", lambda *_: {"calls": [], "runs": [], "commands": [], "containers": []})
    monkeypatch.setattr(tasks.events, "publish_tasks", lambda code, results: said.extend(results))
    tasks.check_tasks(sandbox.pk, language)
    [found] = [result["found"] for result in said if result["task"] == "both-halves"]
    assert words in found


def test_what_a_worker_noted_is_read_in_ones_own_language():
    sandbox = Sandbox(state=State.FAILED, error=repairs.LOST)
    with override("hi"):
        assert sandbox.as_json()["error"].startswith("सैंडबॉक्स का कंटेनर नहीं रहा")
        assert Sandbox(state=State.RUNNING).as_json()["error"] == ""
    assert sandbox.as_json()["error"] == repairs.LOST


# --- compiling ---


@pytest.fixture
def locale(tmp_path: Path) -> Path:
    folder = tmp_path / "hi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_bytes((ROOT / "locale/hi/LC_MESSAGES/django.po").read_bytes())
    return tmp_path


def test_only_what_has_changed_is_compiled(locale):
    source, target = locale / "hi/LC_MESSAGES/django.po", locale / "hi/LC_MESSAGES/django.mo"
    compile_stale = messages().compile_stale
    assert compile_stale(locale) == [target]
    assert compile_stale(locale) == []
    os.utime(source, (target.stat().st_mtime + 5,) * 2)
    assert compile_stale(locale) == [target]
    assert sorted(path.name for path in target.parent.iterdir()) == ["django.mo", "django.po"]


def test_what_is_compiled_is_what_was_written(locale):
    messages().compile_stale(locale)
    compiled = {(text.msgid, text.msgctxt): text.msgstr for text in polib.mofile(locale / "hi/LC_MESSAGES/django.mo")}
    assert compiled["Night", "colours"] == "रात"
    assert len(compiled) == len(catalogue("hi"))
