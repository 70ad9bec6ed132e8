"""Puts our admin site in the place of Django's before any app registers its admins."""

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    """`django.contrib.admin` with `BackOffice` as its site."""

    default_site = "livecommerce.accounts.admin_site.BackOffice"
