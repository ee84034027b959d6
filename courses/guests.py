"""How a guest, who has no password, comes back after signing out: a signed cookie names the account."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from courses.models import User

_COOKIE = "guest"
_SALT = "courses.guests"


def remember(response: HttpResponse, guest: User) -> None:
    response.set_signed_cookie(
        _COOKIE,
        guest.get_username(),
        salt=_SALT,
        max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget(response: HttpResponse) -> None:
    response.delete_cookie(_COOKIE, samesite="Lax")


def is_returning(request: HttpRequest) -> bool:
    """Say whether a visitor's browser was a guest's before; costs no query."""
    return not request.user.is_authenticated and bool(_username(request))


def returning(request: HttpRequest) -> User | None:
    """Return the guest this browser signed out as. Never anybody who has a password."""
    username = _username(request)
    return User.objects.filter(username=username, is_guest=True, is_active=True).first() if username else None


def _username(request: HttpRequest) -> str:
    return request.get_signed_cookie(_COOKIE, default="", salt=_SALT, max_age=settings.SESSION_COOKIE_AGE) or ""
