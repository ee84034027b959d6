"""Inviting instructors and administrators, and being invited."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import access, instructors
from accounts.access import administrators_only
from accounts.forms import AccountForm, InvitationForm
from accounts.models import Invitation
from courses import guests
from courses.models import User

SHOWN = 100


@administrators_only
@require_http_methods(["GET", "POST"])
def invitations(request: HttpRequest) -> HttpResponse:
    """List the invitations; make one, and show its link: this once, since only a digest of it is kept."""
    now, link = timezone.now(), ""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        _made, token = Invitation.objects.invite(access.person(request), given["role"], given["label"], now)
        link = request.build_absolute_uri(reverse("accounts:invitation", args=[token]))
        form = InvitationForm()
    made = Invitation.objects.select_related("made_by", "used_by")[:SHOWN]
    rows = [(invitation, invitation.is_open(now)) for invitation in made]
    return render(
        request, "accounts/invitations.html", {"page": "invitations", "form": form, "link": link, "rows": rows}
    )


@require_POST
@administrators_only
def revoke(request: HttpRequest, invitation: int) -> HttpResponse:
    if get_object_or_404(Invitation, pk=invitation).revoke(timezone.now()):
        messages.success(request, _("The invitation holds no longer."))
    else:
        messages.error(request, _("This invitation was used, or revoked, before."))
    return redirect("accounts:invitations")


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Let the invited make their account, of the guest they are if so; who has an account accepts with a button."""
    found = Invitation.objects.open(timezone.now()).with_token(token).first()
    if not found:
        return too_late(request)
    has_account = isinstance(request.user, User) and not request.user.is_guest
    user = access.person(request) if has_account else access.guest(request) or User()
    form = None if has_account else AccountForm(user, request.POST or None)
    if request.method == "POST" and (form is None or form.is_valid()):
        with transaction.atomic():
            is_saved = form is None or form.save()
            is_accepted = is_saved and found.accept(user, timezone.now())
            if is_saved and not is_accepted:
                transaction.set_rollback(True)
        if is_accepted:
            return welcome(request, user)
        if is_saved:
            return too_late(request)
    return render(request, "accounts/invitation.html", {"page": "account", "form": form, "invitation": found})


def welcome(request: HttpRequest, user: User) -> HttpResponse:
    access.sign_in(request, user)
    response = redirect(instructors.DESK)
    guests.forget(response)
    return response


def too_late(request: HttpRequest) -> HttpResponse:
    message = _("This invitation was used or revoked, or is older than a week. Ask for a new one.")
    return access.sorry(request, message, status=410)
