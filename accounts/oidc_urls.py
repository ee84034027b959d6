"""The two addresses for OpenID Connect, under the names that allauth knows; served only if it is configured."""

from django.urls import re_path

from accounts import oidc

urlpatterns = [
    re_path(r"^sign-in/(?P<provider_id>oidc)/$", oidc.go, name="openid_connect_login"),
    re_path(r"^sign-in/(?P<provider_id>oidc)/callback/$", oidc.come_back, name="openid_connect_callback"),
]
