"""Pages, and parts of them, that are rendered once for all to whom they say the same.

What is each reader's own stands in them as a mark, and is put in for each request. Rendering takes milliseconds, of
which a page has few; putting in takes none.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import override

F = TypeVar("F", bound=Callable[..., Any])


def keep(size: int) -> Callable[[F], F]:
    """Keep the last `size` of what was rendered, by what for. Under DEBUG, a changed template is seen at once."""
    return (lambda render: render) if settings.DEBUG else lru_cache(maxsize=size)  # type: ignore[return-value]


class Mark(StrEnum):
    """Characters of Unicode's private use, which no text of ours holds."""

    TOKEN = "\ue020"  # noqa: S105 (a mark, not a token)
    ADDRESS = "\ue021"  # of the page, for coming back to it
    NAME = "\ue022"
    LEARNER = "\ue023"  # the key of who is signed in
    BODY = "\ue024"
    MOMENT = "\ue025"
    DONE = "\ue026"
    STAMP = "\ue027"


_MARKS = re.compile(f"([{''.join(Mark)}])")


class Reader(NamedTuple):
    """What a frame depends on of who reads it. Stands for the user where one is rendered."""

    is_authenticated: bool = False
    is_guest: bool = False
    is_staff: bool = False
    is_superuser: bool = False
    display_name: str = Mark.NAME
    pk: str = Mark.LEARNER

    @classmethod
    def of(cls, user: Any) -> "Reader":
        """Return it for a user, or for nobody: there is none on a page that says that something is broken."""
        if not user or not user.is_authenticated:
            return cls()
        return cls(True, user.is_guest, user.is_staff, user.is_superuser)


class Frame:
    """A rendered template, whose marks are still to be replaced."""

    def __init__(self, template: str, language: str, reader: Reader, **context: Any) -> None:
        known = {"user": reader, "csrf_token": Mark.TOKEN, "address": Mark.ADDRESS, **context}
        with override(language):
            self.parts = _MARKS.split(render_to_string(template, known))

    def fill(self, words: Mapping[str, str]) -> SafeString:
        """Return the page with these in the places of the marks. They must be safe; a mark in them is left alone."""
        html = "".join(words.get(part, part) if number % 2 else part for number, part in enumerate(self.parts))
        return mark_safe(html)  # noqa: S308 (made by our templates, and filled with what is safe)


def words_of(user: Any, address: str, token: str) -> dict[str, str]:
    """Return what is put in for the marks that stand in any page's head."""
    signed_in = bool(user and user.is_authenticated)
    return {
        Mark.TOKEN: escape(token),
        Mark.ADDRESS: escape(address),
        Mark.NAME: escape(user.display_name) if signed_in else "",
        Mark.LEARNER: str(user.pk) if signed_in else "",
    }
