"""Whose rows the back office shows. Rule guarded here: brand staff see and change their own brand's rows and no others.

Every admin and inline of the house derives from the classes below; one test walks all that are registered. Operators
(superusers) see everything. What staff may choose in a form or an autocomplete is what they may see in its list.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import BaseModelAdmin
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from catalog.models import Brand
from livecommerce.accounts.models import User
from livecommerce.errors import Refused

VIEW = frozenset({"view"})
EDIT = frozenset({"view", "add", "change"})
NOTHING: frozenset[str] = frozenset()


def own_brands(request: HttpRequest) -> QuerySet[Brand]:
    """Those that the one who asks works for."""
    return Brand.objects.of_staff(request.user.pk)


def sees_all(request: HttpRequest) -> bool:
    """Whether an operator asks."""
    return isinstance(request.user, User) and request.user.is_active and request.user.is_superuser


def actor_of(request: HttpRequest) -> User | None:
    """Who acts, for the verbs and their history."""
    return request.user if isinstance(request.user, User) else None


def is_staff_of_a_brand(request: HttpRequest) -> bool:
    user = request.user
    return isinstance(user, User) and user.is_active and user.is_staff and own_brands(request).exists()


class _Scoped(BaseModelAdmin):  # type: ignore[type-arg]
    """What admins and inlines share: rights and choices.

    `staff_may` names what brand staff may do; `brand_path` is the lookup from a row to its brand.
    """

    staff_may: ClassVar[frozenset[str]] = NOTHING
    brand_path: ClassVar[str] = "brand"

    def scope(self, rows: QuerySet[Any], brands: QuerySet[Brand]) -> QuerySet[Any]:
        """The rows of these brands."""
        return rows.filter(**{f"{self.brand_path}__in": brands})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows if sees_all(request) else self.scope(rows, own_brands(request))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, "view", obj)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, "delete", obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "view", None)

    def _may(self, request: HttpRequest, act: str, obj: Model | None) -> bool:
        if sees_all(request):
            return act in self.staff_may | self.operators_may
        if act not in self.staff_may or not is_staff_of_a_brand(request):
            return False
        return obj is None or self._is_own(request, obj)

    def _is_own(self, request: HttpRequest, obj: Model) -> bool:
        return self.scope(self.model._default_manager.filter(pk=obj.pk), own_brands(request)).exists()

    # Rows that come from verbs alone are looked at by operators too, not typed in.
    operators_may: ClassVar[frozenset[str]] = EDIT | {"delete"}

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self._choices(db_field, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self._choices(db_field, request)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _choices(self, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        """The rows of the other model's own list; a model without a list offers staff nothing."""
        model = db_field.remote_field.model
        rows: QuerySet[Any] = model._default_manager.all()
        if sees_all(request):
            return rows
        if self.admin_site.is_registered(model):
            theirs = self.admin_site.get_model_admin(model)
            if theirs.has_view_permission(request):
                return theirs.get_queryset(request)
        return rows.none()


class ScopedAdmin(_Scoped, ModelAdmin):  # type: ignore[misc]
    """A list and a form of one brand's rows."""

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = False
    warn_unsaved_form = True
    # The link to the public page: the row's own address, and none for a row without one.
    view_on_site = staticmethod(lambda row: row.get_absolute_url() if hasattr(row, "get_absolute_url") else "")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "add", None)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say in words what a verb refused; the transaction of the form has been rolled back whole."""
        try:
            answer: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except Refused as refused:
            self.message_user(request, refused.message, messages.ERROR)
            return redirect(request.get_full_path())
        return answer

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, when it is one's own.

        :raises Http404: another brand's row and one that never was look the same.
        """
        found = super().get_object(request, object_id, from_field)
        if found is None:
            raise Http404
        return found

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Filter by what the list offers only: a lookup that wanders over relations could spell out what is hidden."""
        return "__" not in lookup or super().lookup_allowed(lookup, value, request)


class ScopedInline(_Scoped):
    """Rows below a form. The parent is the brand's own, and so must be each row."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, "add", None)

    def _is_own(self, request: HttpRequest, obj: Model) -> bool:
        """`obj` is the parent here; its own admin has checked it."""
        return True


class ScopedTabularInline(ScopedInline, TabularInline):  # type: ignore[misc]
    """Rows as a table."""

    extra = 0


class ScopedStackedInline(ScopedInline, StackedInline):  # type: ignore[misc]
    """Rows as blocks."""

    extra = 0


OwnBrandsFilter = ("brand", admin.RelatedOnlyFieldListFilter)
