"""The addresses: one include per app."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt

from livecommerce import health
from livecommerce.api import api, nothing_here

urlpatterns = [
    # First: an address is looked for in this order, and in a rush nearly all are here.
    path("api/v1/", api.urls),
    path("", include("livecommerce.watch.urls")),
    path("", include("streams.urls")),
    path("", include("checkout.urls")),
    path("studio/", include("livecommerce.studio.urls")),
    path("account/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    re_path(r"^api/", csrf_exempt(nothing_here)),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
