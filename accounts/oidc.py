"""Signing in by OpenID Connect. Of django-allauth, the way to the provider and back is used, and nothing else:
who comes back is looked up, made and signed in here. Of what the provider tells, a name and the subject are kept.
"""

import re
import secrets
from collections.abc import Mapping
from typing import Any, NoReturn

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.openid_connect import views
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import access, farewell, instructors
from courses import guests
from courses.models import User

AWAY = (requests.RequestException, KeyError, ValueError)  # no answer, or none that makes sense


@never_cache
@require_POST
def go(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the browser to the provider."""
    try:
        return views.login(request, provider_id)  # type: ignore[no-any-return]
    except AWAY:
        return refused(request, _("The sign-in service does not answer. Try again in a moment."))


@never_cache
@require_GET
def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take in whom the provider sends back: see `Adapter.pre_social_login`."""
    try:
        return views.callback(request, provider_id)  # type: ignore[no-any-return]
    except AWAY:
        return refused(request, _("The sign-in service gave an answer that makes no sense. Try again."))


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: Mapping[str, Any]) -> User:
        """Note what is needed of the claims, before they would be stored. People are known by server and subject."""
        account: SocialAccount = sociallogin.account
        sociallogin.claims = account.extra_data
        account.extra_data, account.provider = {}, settings.OIDC_SERVER[:200]
        sociallogin.names = data
        return User()

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        """Sign in whom the provider vouches for. What allauth would do after this never comes to be."""
        guest = access.guest(request)
        with transaction.atomic():
            user = sociallogin.user if sociallogin.is_existing else newcomer(sociallogin, guest)
            if user.is_active and says_staff(sociallogin.claims) and not user.is_staff:
                user.is_staff = True
                user.save(update_fields=["is_staff"])
        if not user.is_active:
            raise ImmediateHttpResponse(refused(request, _("Your account here is closed. Ask an administrator.")))
        access.sign_in(request, user)
        if guest and guest.pk != user.pk:
            farewell.absorb(guest, user)
        response = redirect(safe(request, sociallogin.state.get("next")) or home_of(user))
        guests.forget(response)
        raise ImmediateHttpResponse(response)

    def on_authentication_error(self, request: HttpRequest, provider: Any, **about: Any) -> NoReturn:
        raise ImmediateHttpResponse(refused(request, _("You were not signed in. Try again, or sign in another way.")))


def newcomer(sociallogin: SocialLogin, guest: User | None) -> User:
    """Return a new account for somebody: the guest, if they were one, so that they keep all they did."""
    user = guest or User()
    names = sociallogin.names
    user.username = free_username(str(names.get("username") or names.get("name") or ""))
    user.name = user.name or " ".join(str(names.get("name") or "").replace("\0", "").split())[:80]
    user.is_guest = False
    user.set_unusable_password()
    user.save()
    sociallogin.account.user = user
    sociallogin.account.save()
    return user


def free_username(wanted: str) -> str:
    """Return the username that the provider tells, or one like it if that is taken, or is none."""
    wanted = re.sub(r"[^\w.@+-]+", "-", wanted).strip("-")[:100] or "learner"
    taken = User.objects.filter(username__iexact=wanted).exists() or wanted.lower() == instructors.USERNAME
    return f"{wanted}-{secrets.token_hex(4)}" if taken else wanted


def says_staff(claims: Mapping[str, Any]) -> bool:
    """Say whether OIDC_STAFF_CLAIM, in the answer about the user or in the token, is OIDC_STAFF_VALUE, or holds it."""
    if not settings.OIDC_STAFF_CLAIM or not settings.OIDC_STAFF_VALUE:
        return False
    for part in (claims.get("userinfo"), claims.get("id_token")):
        told = (part or {}).get(settings.OIDC_STAFF_CLAIM)
        if settings.OIDC_STAFF_VALUE in (told if isinstance(told, list) else [str(told)]):
            return True
    return False


def home_of(user: User) -> str:
    return instructors.DESK if user.is_staff else resolve_url(settings.LOGIN_REDIRECT_URL)


def safe(request: HttpRequest, url: str | None) -> str:
    is_ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if url and is_ours else ""


def refused(request: HttpRequest, message: str) -> HttpResponse:
    messages.error(request, message)
    return redirect("accounts:sign-in")
