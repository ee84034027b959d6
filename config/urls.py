"""Routes of every room."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from config import health, metrics

handler500 = "config.trouble.server_error"
urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("accounts.urls")),
    path("", include("workshops.urls")),
    path("", include("sandbox.urls")),
    path("", include("courses.urls")),
]
if settings.OIDC_SERVER:
    urlpatterns.insert(0, path("", include("accounts.oidc_urls")))
