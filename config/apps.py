from django.contrib.admin.apps import AdminConfig


class PanelConfig(AdminConfig):
    default_site = "workshops.panel.Panel"
