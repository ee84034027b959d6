"""One's own account: a guest makes one, and who has one changes or deletes it."""

from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import access, farewell, instructors, limits
from accounts.forms import AccountForm, FarewellForm
from courses import guests
from courses.forms import NameForm
from courses.limits import is_too_often
from courses.models import User


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Show one's account, or let a guest make one: of the row that is theirs, so that nothing they did is lost."""
    guest = access.guest(request)
    if not guest:
        user = access.person(request)
        context = {"name_form": NameForm(initial={"name": user.name}), "is_elsewhere": signs_in_elsewhere(user)}
        return render(request, "accounts/account.html", {"page": "account", **context})
    form = AccountForm(guest, request.POST or None)
    if request.method == "POST":
        if is_too_often(request, "account", settings.GUESTS_PER_HOUR):
            message = _("Too many accounts were made from your address in this hour. Please try again later.")
            return access.sorry(request, message, status=429)
        if form.is_valid() and form.save():
            update_session_auth_hash(request, guest)
            messages.success(request, _("This is your account now, with all you have done so far."))
            response = redirect("accounts:account")
            guests.forget(response)
            return response
    return render(request, "accounts/make_account.html", {"page": "account", "form": form})


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Set another password, which signs out every other browser; or the first, after a one-time link."""
    user = access.person(request)
    if user.is_guest or signs_in_elsewhere(user):
        return redirect("accounts:account")
    is_first = not user.has_usable_password()
    at = timezone.now()
    data, seconds = tried(request, user, at)
    form = SetPasswordForm(user, data) if is_first else PasswordChangeForm(user, data)
    if data and "old_password" not in form.errors:
        limits.was_right(request, user.username, at)
    if form.is_valid():
        form.save()
        update_session_auth_hash(request, user)
        messages.success(request, _("Your new password holds from now on. Other browsers were signed out."))
        return redirect(instructors.DESK if is_first and user.is_staff else "accounts:account")
    return answer(request, "accounts/password.html", {"page": "account", "form": form, "is_first": is_first}, seconds)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Delete one's account and all that is kept of it, after its password was given."""
    user = access.person(request)
    if farewell.is_last_administrator(user):
        messages.error(request, _("You are the only administrator. Invite another one first."))
        return redirect("accounts:account")
    at = timezone.now()
    data, seconds = tried(request, user, at)
    form = FarewellForm(user, data)
    if form.is_valid():
        limits.was_right(request, user.username, at)
        logout(request)
        farewell.delete(user)
        messages.success(request, _("Your account and all that was kept of it are deleted."))
        response = redirect("courses:home")
        guests.forget(response)
        return response
    return answer(request, "accounts/delete.html", {"page": "account", "form": form}, seconds)


def tried(request: HttpRequest, user: User, at: datetime) -> tuple[QueryDict | None, int]:
    """Return what was sent, and 0; or None, if it is not to be looked at, and the seconds to wait for that."""
    if request.method != "POST":
        return None, 0
    seconds = limits.try_password(request, user.username, at)
    return (None if seconds else request.POST), seconds


def answer(request: HttpRequest, template: str, context: dict[str, Any], seconds: int) -> HttpResponse:
    """Show a page with a form; with seconds to wait, because of too many wrong passwords, it says so."""
    if not seconds:
        return render(request, template, context)
    response = render(request, template, context | {"refusal": limits.sentence(seconds)}, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def signs_in_elsewhere(user: User) -> bool:
    """Say whether the user's password, if any, is somebody else's business: see `oidc.py`."""
    return apps.is_installed("allauth.socialaccount") and bool(user.socialaccount_set.exists())  # type: ignore[attr-defined]
