"""The addresses: one include per app."""

import importlib.util

from django.contrib import admin
from django.urls import include, path

from livecommerce import health


def _there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


urlpatterns = [
    path("admin/", admin.site.urls),
    path("account/", include("allauth.account.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    *[
        path(prefix, include(module))
        for prefix, module in (
            ("", "livecommerce.watch.urls"),
            ("studio/", "livecommerce.studio.urls"),
            ("", "streams.urls"),
            ("", "catalog.urls"),
            ("", "checkout.urls"),
            ("", "chat.urls"),
        )
        if _there(module)
    ],
]
if _there("livecommerce.api"):
    from livecommerce.api import api

    urlpatterns.append(path("api/v1/", api.urls))
