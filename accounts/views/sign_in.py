"""Signing in with a password or the first instructor's link, and signing out."""

from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import access, farewell, instructors, limits
from courses import guests
from courses.models import User


class SignIn(LoginView):
    """Signs in with a password. A guest may, too, and take along what they have done."""

    template_name = "accounts/sign_in.html"
    extra_context = {"page": "sign-in", "oidc_name": settings.OIDC_NAME}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.redirect_authenticated_user = access.guest(request) is None
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.tried_at, self.username = timezone.now(), request.POST.get("username", "")
        seconds = limits.try_password(request, self.username, self.tried_at)
        if seconds:
            form = AuthenticationForm(request, initial={"username": self.username})
            context = self.get_context_data(form=form, refusal=limits.sentence(seconds))
            return self.render_to_response(context, status=429, headers={"Retry-After": str(seconds)})
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        limits.was_right(self.request, self.username, self.tried_at)
        guest, user = access.guest(self.request), form.get_user()
        response = super().form_valid(form)
        if guest and self.request.POST.get("bring"):
            farewell.absorb(guest, user)
        elif guest:
            guests.remember(response, guest)
        return response


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_once(request: HttpRequest, who: str, token: str) -> HttpResponse:
    """Sign the instructor in by a one-time link. A button does it, so that a preview of the link does not use it up."""
    instructor = instructors.instructor_of(who, token)
    if not instructor:
        message = _("This link was used already, or is too old. Ask for a new one.")
        return access.sorry(request, message, status=410)
    if request.method == "GET":
        return render(request, "accounts/sign_in_once.html", {"page": "sign-in", "instructor": instructor})
    access.sign_in(request, instructor)
    return redirect(instructors.DESK if instructor.has_usable_password() else "accounts:password")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session. A guest, who has no password, can come back from this browser."""
    user = request.user
    logout(request)
    response = redirect("courses:home")
    if isinstance(user, User) and user.is_guest:
        guests.remember(response, user)
    return response
