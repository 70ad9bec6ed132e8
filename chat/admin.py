"""Chat in the back office: what was said and who is muted, to look at; the chat team acts in the Studio."""

from django.contrib import admin

from catalog.admin_scope import VIEW, ScopedAdmin
from chat.models import Message, Mute


@admin.register(Message)
class MessageAdmin(ScopedAdmin):
    """What was said in a brand's shows."""

    brand_path = "show__brand"
    staff_may = VIEW
    operators_may = VIEW
    list_display = ("author_name", "role", "text", "show", "at", "deleted_at")
    list_select_related = ("show",)
    search_fields = ("text", "author_name")
    ordering = ("-at",)
    fields = readonly_fields = ("show", "author_name", "role", "text", "at", "deleted_at", "deleted_by")


@admin.register(Mute)
class MuteAdmin(ScopedAdmin):
    """Who may not write for a while, and why."""

    brand_path = "show__brand"
    staff_may = VIEW
    operators_may = VIEW
    list_display = ("visitor", "show", "until", "reason", "by")
    list_select_related = ("show", "visitor", "by")
    fields = readonly_fields = ("show", "visitor", "until", "reason", "by")
