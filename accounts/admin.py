from django.apps import apps
from django.contrib import admin

# Of allauth's tables ours are in nobody's way: no e-mail addresses, no providers beside the configured one.
for app in ("account", "socialaccount"):
    if apps.is_installed(f"allauth.{app}"):
        for model in apps.get_app_config(app).get_models():
            if admin.site.is_registered(model):
                admin.site.unregister(model)
