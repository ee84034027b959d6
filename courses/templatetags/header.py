"""The head of every page."""

from django.template import Context, Library
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from courses.catalogue import ORIGINAL
from courses.frames import Frame, Reader, keep, words_of

register = Library()


@register.simple_tag(takes_context=True)
def header(context: Context) -> SafeString:
    """Return it for the page's `user`, `course` and `page`, any of which may be missing, as on a page of an error."""
    user, request = context.get("user"), context.get("request")
    course = getattr(context.get("course"), "slug", "")
    frame = _frame(get_language() or ORIGINAL, Reader.of(user), course, str(context.get("page", "")))
    address = request.get_full_path() if request else str(context.get("address", "/"))
    return frame.fill(words_of(user, address, str(context.get("csrf_token", ""))))


@keep(256)
def _frame(language: str, reader: Reader, course: str, page: str) -> Frame:
    return Frame("includes/header.html", language, reader, course=course, page=page)
