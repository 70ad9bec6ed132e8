"""The back office as a Django admin site. Rule guarded here: one way in, and nothing that shows rows past a ModelAdmin.

People sign in where everyone does. Who may see which rows is decided in `catalog.admin_scope`.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from unfold.sites import UnfoldAdminSite

# Unfold's pages are written with Alpine, which compiles its attributes, and with style attributes. Both are allowed on
# admin pages alone; a script written into a page still does not run.
ADMIN_CSP: dict[str, Any] = {
    **settings.SECURE_CSP,
    "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
}

# Django's redirect from any row of any model to its public page asks no ModelAdmin; the admins link to it themselves.
_PAST_THE_ADMINS = "view_on_site"


class BackOffice(UnfoldAdminSite):  # type: ignore[misc]
    """The site on which every app registers its admins."""

    enable_nav_sidebar = False
    index_title = "Back office"

    def admin_view(self, view: Callable[..., HttpResponseBase], cacheable: bool = False) -> Callable[..., Any]:
        """Give every page of the site the policy that its interface needs."""
        guarded = super().admin_view(view, cacheable)
        page: Callable[..., Any] = csp_override(ADMIN_CSP)(guarded)
        return page

    def get_urls(self) -> list[URLResolver | URLPattern]:
        return [route for route in super().get_urls() if getattr(route, "name", None) != _PAST_THE_ADMINS]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Send to the one sign-in page.

        :raises PermissionDenied: signed in, but not staff; signing in again would lead back here for ever.
        """
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("This part is for the staff of brands. Ask the operator to give you the right.")
        if request.user.is_authenticated:
            return redirect("admin:index")
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        return redirect("account_logout")
