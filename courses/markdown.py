"""Text to safe HTML: Markdown, the story switch, highlighted code. Knows no lesson and no model."""

import re
import threading
from html import escape, unescape
from xml.etree.ElementTree import Element

import markdown as python_markdown
import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown.inlinepatterns import InlineProcessor
from pygments import highlight as pygments_highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

# `[[master cook|daemon]]` travels through Markdown in private characters, so that its `|` ends no table cell.
_STORY, _PLAIN, _END = "\ue010", "\ue011", "\ue012"
_CODE_OR_WORDS = re.compile(
    r"(?P<code>(?P<ticks>`+).*?(?P=ticks))|\[\[(?P<story>[^\[\]|]+)\|(?P<plain>[^\[\]|]+)\]\]", re.DOTALL
)
_LONE_PARAGRAPH = re.compile(r"\A<p>(.*)</p>\Z", re.DOTALL)

_TAGS = {
    "p", "h2", "h3", "h4", "a", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "br", "hr",
    "span", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "h2": {"id"},
    "h3": {"id"},
    "h4": {"id"},
    "th": {"align"},
    "td": {"align"},
    "ol": {"start"},
}


class _StorySwitch(InlineProcessor):
    """One half of `[[story words|plain words]]`, each a span that CSS shows or hides."""

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element, int, int]:  # type: ignore[override]
        span = Element("span", {"class": "story" if m[1] == _STORY else "plain"})
        span.text = m[2]
        return span, m.start(0), m.end(0)


class _LessonExtension(python_markdown.Extension):
    def extendMarkdown(self, md: python_markdown.Markdown) -> None:
        # A lesson has no HTML of its own: `<name>` is text, and shown as such.
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        switch = _StorySwitch(f"([{_STORY}{_PLAIN}])(.*?){_END}", md)
        md.inlinePatterns.register(switch, "story", 175)


_engine = python_markdown.Markdown(
    extensions=["attr_list", "sane_lists", "markdown.extensions.tables", _LessonExtension()],
    extension_configs={"markdown.extensions.tables": {"use_align_attribute": True}},
)
_engine_lock = threading.Lock()


def _mark_words(match: re.Match[str]) -> str:
    if match["code"]:
        return match["code"]
    return f"{_STORY}{match['story'].strip()}{_END}{_PLAIN}{match['plain'].strip()}{_END}"


def render(text: str) -> SafeString:
    """Turn Markdown into HTML that holds nothing but the tags and attributes listed above."""
    with _engine_lock:
        dirty = _engine.reset().convert(_CODE_OR_WORDS.sub(_mark_words, text))
    clean = nh3.clean(
        dirty,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes={"span": {"story", "plain"}},
        url_schemes={"https", "http", "mailto"},
        link_rel="noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308 (cleaned on the line above)


def render_inline(text: str) -> SafeString:
    """Turn one line of Markdown into HTML without a paragraph around it."""
    html = render(" ".join(text.split()))
    lone = _LONE_PARAGRAPH.match(html)
    return mark_safe(lone[1]) if lone else html  # noqa: S308 (a part of what `render` cleaned)


def plain_text(text: str) -> str:
    """Return inline Markdown as bare text in plain Docker words, for attributes and metadata."""
    return in_plain_words(render_inline(text))


def in_plain_words(html: str) -> str:
    """Return what `render` made as bare text, without the story's words."""
    html = re.sub(r'<span class="story">.*?</span>', "", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", "", html))


def has_language(name: str) -> bool:
    try:
        get_lexer_by_name(name)
    except ClassNotFound:
        return name == "output"
    return True


def highlight(code: str, language: str) -> SafeString:
    """Return code as spans with Pygments' class names; what a command prints stays as it is."""
    if language in {"output", "text"}:
        return mark_safe(escape(code, quote=False))  # noqa: S308 (escaped)
    lexer = get_lexer_by_name(language, stripnl=False)
    html = pygments_highlight(code, lexer, HtmlFormatter(nowrap=True))
    return mark_safe(html.rstrip("\n"))  # noqa: S308 (Pygments escapes the code)
