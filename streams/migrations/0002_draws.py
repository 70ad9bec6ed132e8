"""A draw gets a moment at which it ends, which a pause moves; a line-up item may plan one."""

from datetime import timedelta
from typing import ClassVar

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, Q


def give_draws_their_end(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    drops = apps.get_model("streams", "Drop").objects
    for drop in drops.filter(draw_seconds__gt=0):
        ends_at = drop.opens_at + timedelta(seconds=drop.draw_seconds)
        drop.draw_ends_at = min(ends_at, drop.closes_at - timedelta(milliseconds=1))
        drop.save(update_fields=["draw_ends_at"])


class Migration(migrations.Migration):
    dependencies: ClassVar = [("streams", "0001_initial")]

    operations: ClassVar = [
        migrations.AddField(
            "drop",
            "draw_ends_at",
            models.DateTimeField(help_text="Taps before this moment are drawn; it moves in a pause.", null=True),
        ),
        migrations.AddField(
            "lineupitem",
            "drop_draw_seconds",
            models.PositiveSmallIntegerField(
                choices=[
                    (0, "First come, first served"),
                    (5, "By lot, among all who ask in the first 5 seconds"),
                    (10, "By lot, among all who ask in the first 10 seconds"),
                    (30, "By lot, among all who ask in the first 30 seconds"),
                ],
                default=0,
                verbose_name="units go out",
            ),
        ),
        migrations.RunPython(give_draws_their_end, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            "drop",
            models.CheckConstraint(
                condition=Q(draw_seconds=0, draw_ends_at__isnull=True)
                | Q(draw_seconds__gt=0, draw_ends_at__gt=F("opens_at"), draw_ends_at__lt=F("closes_at")),
                name="drop_draw_ends_within_it",
            ),
        ),
    ]
