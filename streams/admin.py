"""Shows in the back office: planned with line-up, drop prices and chat team; hosts; drops as they ran."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from catalog.admin_forms import RowsFormSet
from catalog.admin_scope import (
    EDIT,
    VIEW,
    OwnBrandsFilter,
    ScopedAdmin,
    ScopedStackedInline,
    ScopedTabularInline,
    actor_of,
    own_brands,
)
from livecommerce.errors import Refused
from streams.admin_forms import DROP_PLAN, HostForm, LineupItemForm, ShowForm, ShowMemberForm
from streams.lineup import add_to_lineup, reorder_lineup
from streams.models import Drop, Host, LineupItem, Show, ShowMember, ShowMove
from streams.models.drops import DropItem
from streams.shows import archive_show, cancel_show, publish_replay, schedule_show

PLAN = ("host", "starts_at", "planned_minutes", "landscape", "reconnect_seconds")


@admin.register(Host)
class HostAdmin(ScopedAdmin):
    """Who is on camera. Brands choose among their own hosts and those who work for several."""

    form = HostForm
    staff_may = frozenset({"view", "change"})
    list_display = ("name", "handle", "brand", "city", "is_listed")
    list_filter = ("is_listed",)
    list_select_related = ("brand",)
    search_fields = ("name", "handle")
    autocomplete_fields = ("user",)
    ordering = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Host]:
        if request.user.is_superuser:
            return super().get_queryset(request)
        return Host.objects.filter(Q(brand__in=own_brands(request)) | Q(brand=None, is_listed=True)).order_by("name")

    def get_readonly_fields(self, request: HttpRequest, obj: Host | None = None) -> tuple[str, ...]:
        return () if request.user.is_superuser else ("user", "brand", "handle")


class LineupInline(ScopedStackedInline):
    """The rundown: what is shown in which order, and what becomes a drop at which price."""

    model = LineupItem
    form = LineupItemForm
    formset = RowsFormSet
    brand_path = "show__brand"
    staff_may = EDIT | {"delete"}
    autocomplete_fields = ("product",)
    ordering = ("position", "pk")
    fields = (
        ("position", "product", "planned_minutes"),
        ("drop_price", *DROP_PLAN),
        ("cue", "notes"),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was on the picture is history: pins, drops and orders name it."""
        before_the_show = obj is None or obj.state in {Show.State.DRAFT, Show.State.SCHEDULED, Show.State.REHEARSAL}
        return before_the_show and super().has_delete_permission(request, obj)


class ShowMemberInline(ScopedTabularInline):
    """The chat team and guests on camera."""

    model = ShowMember
    form = ShowMemberForm
    formset = RowsFormSet
    brand_path = "show__brand"
    staff_may = EDIT | {"delete"}
    fields = ("email", "role")
    verbose_name_plural = "chat team and guests"


class ShowMoveInline(ScopedTabularInline):
    """What happened to the show, and who did it."""

    model = ShowMove
    brand_path = "show__brand"
    staff_may = VIEW
    operators_may = VIEW
    fields = readonly_fields = ("at", "from_state", "to_state", "actor", "reason")
    ordering = ("-at",)


@admin.register(Show)
class ShowAdmin(ScopedAdmin):
    """One live event: planned here, run in the Studio."""

    form = ShowForm
    staff_may = EDIT
    inlines: ClassVar = [LineupInline, ShowMemberInline, ShowMoveInline]
    list_display = ("title", "brand", "host", "starts_at", "state")
    list_filter = ("state", OwnBrandsFilter)
    list_select_related = ("brand", "host")
    search_fields = ("title",)
    prepopulated_fields: ClassVar = {"slug": ("title",)}
    autocomplete_fields = ("host",)
    ordering = ("-starts_at",)
    actions = ("cancel", "publish_replays", "archive")

    def get_readonly_fields(self, request: HttpRequest, obj: Show | None = None) -> tuple[str, ...]:
        """Links with the address and rows of the brand exist from the start; the plan is history once it is on air."""
        if obj is None:
            return ()
        return ("brand", "slug", "state", *(() if obj.is_upcoming or obj.state == Show.State.DRAFT else PLAN))

    def get_fieldsets(self, request: HttpRequest, obj: Show | None = None) -> Any:
        state = ("state",) if obj else ()
        return (
            (None, {"fields": (*state, "brand", "host", "title", "slug", "description", "cover")}),
            ("When", {"fields": ("starts_at", "planned_minutes")}),
            ("Picture and chat", {"fields": ("landscape", "reconnect_seconds", "slow_seconds")}),
        )

    def get_prepopulated_fields(self, request: HttpRequest, obj: Show | None = None) -> dict[str, Sequence[str]]:
        return {} if obj else self.prepopulated_fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Fill the brand in for those who work for one."""
        brands = list(own_brands(request)[:2])
        return {"brand": brands[0].pk if len(brands) == 1 else None, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Show, form: ModelForm[Show], change: bool) -> None:
        if change:
            fields = [name for name in form.changed_data if name in form.fields]
            obj.save(update_fields=fields)
            return
        show = schedule_show(**form.cleaned_data, actor=actor_of(request), now=timezone.now())
        obj.__dict__.update(show.__dict__)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the line-up through its verbs, which keep the order and refuse other brands' products."""
        if formset.model is not LineupItem:
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)
        for item in formset.deleted_objects:
            item.delete()
        formset.new_objects, formset.changed_objects = [], []
        for row in formset.forms:
            if row.has_changed() and row.cleaned_data and not row.cleaned_data.get("DELETE"):
                if row.instance.pk is None:
                    formset.new_objects.append(_add_item(form.instance, row))
                else:
                    formset.changed_objects.append((_change_item(row), row.changed_data))
        items = LineupItem.objects.filter(show=form.instance).order_by("position", "pk")
        reorder_lineup(show=form.instance, item_ids=[item.pk for item in items])

    @admin.action(description="Call off the selected shows")
    def cancel(self, request: HttpRequest, shows: QuerySet[Show]) -> None:
        self._each(request, shows, cancel_show, "called off")

    @admin.action(description="Offer the selected shows as replays")
    def publish_replays(self, request: HttpRequest, shows: QuerySet[Show]) -> None:
        self._each(request, shows, publish_replay, "offered as a replay")

    @admin.action(description="Archive the selected shows")
    def archive(self, request: HttpRequest, shows: QuerySet[Show]) -> None:
        self._each(request, shows, archive_show, "archived")

    def _each(self, request: HttpRequest, shows: QuerySet[Show], verb: Callable[..., Show], done: str) -> None:
        """Do it with each, and say for each what became of it."""
        for show in shows:
            try:
                verb(show=show, actor=actor_of(request), now=timezone.now())
            except Refused as refused:
                self.message_user(request, f"{show}: {refused.message}", messages.ERROR)
            else:
                self.message_user(request, f"{show}: {done}.", messages.SUCCESS)


def _add_item(show: Show, row: ModelForm[LineupItem]) -> LineupItem:
    asked = row.cleaned_data
    plan = {name: asked[name] for name in ("planned_minutes", "cue", "notes", *DROP_PLAN)}
    item = add_to_lineup(show=show, product=asked["product"], drop_price_minor=asked["drop_price_minor"], **plan)
    if asked["position"]:
        item.position = asked["position"]
        item.save(update_fields=["position"])
    return item


def _change_item(row: ModelForm[LineupItem]) -> LineupItem:
    item = row.instance
    item.drop_price_minor = row.cleaned_data["drop_price_minor"]
    item.position = item.position or item.show.lineup.count()
    item.save(
        update_fields=[
            *("position", "product", "planned_minutes", "cue", "notes"),
            *("drop_price_minor", *DROP_PLAN),
        ]
    )
    return item


class DropItemInline(ScopedTabularInline):
    """The variants of a drop with their units."""

    model = DropItem
    brand_path = "drop__show__brand"
    staff_may = VIEW
    operators_may = VIEW
    fields = readonly_fields = ("variant", "units", "on_hand", "taken")

    @admin.display(description="Allotted now")
    def on_hand(self, item: DropItem) -> int:
        return item.stock.on_hand

    @admin.display(description="Held or sold")
    def taken(self, item: DropItem) -> int:
        return item.stock.taken


@admin.register(Drop)
class DropAdmin(ScopedAdmin):
    """Drops as they ran; they are started and closed in the Studio."""

    brand_path = "show__brand"
    staff_may = VIEW
    operators_may = VIEW
    inlines: ClassVar = [DropItemInline]
    list_display = ("product", "show", "price", "per_buyer", "opens_at", "closes_at", "close_reason")
    list_select_related = ("product", "show")
    search_fields = ("product__name", "show__title")
    ordering = ("-opens_at",)
    fields = readonly_fields = (
        *("show", "product", "run", "price", "per_buyer", "hold_seconds", "announced_at", "announced_by"),
        *("opens_at", "closes_at", "sold_out_at", "closed_at", "close_reason"),
    )
