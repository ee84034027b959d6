"""Who may see the pages of accounts, and what is said to those who come too late, or too often."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from courses.models import User

View = Callable[..., HttpResponse]


def administrators_only(view: View) -> View:
    """Show administrators' pages to them alone; to others there are none."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_superuser:
            raise Http404(_("There is no such page."))
        return view(request, *args, **kwargs)

    return never_cache(login_required(guarded))


def person(request: HttpRequest) -> User:
    """Return the row of whoever asks, to be changed: `request.user` stays as the page's header shows it."""
    assert request.user.pk  # noqa: S101 (for the types: login_required says so)
    return User.objects.get(pk=request.user.pk)


def guest(request: HttpRequest) -> User | None:
    """Return the guest who asks; None for a visitor, or somebody with an account."""
    return person(request) if request.user.is_authenticated and request.user.is_guest else None


def sign_in(request: HttpRequest, user: User) -> None:
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")


def sorry(request: HttpRequest, message: str, status: int) -> HttpResponse:
    """Say in one sentence why there is no page here."""
    return render(request, "accounts/sorry.html", {"page": "error", "message": message}, status=status)
