"""A drop may check guests, and a line-up item may plan it."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("streams", "0002_draws")]

    operations: ClassVar = [
        migrations.AddField(
            "drop",
            "guest_check_bits",
            models.PositiveSmallIntegerField(
                default=0,
                help_text="How hard the sum of the guest check is: the zero bits its hash begins with. 0: no check.",
            ),
        ),
        migrations.AddField(
            "drop",
            "guest_check_salt",
            models.CharField(blank=True, help_text="Makes each drop a sum of its own.", max_length=32),
        ),
        migrations.AddField(
            "lineupitem",
            "drop_guest_check",
            models.BooleanField(
                default=False,
                help_text="Each guest's device does a small sum first, so that a thousand false guests cost a thousand sums.",
                verbose_name="check guests",
            ),
        ),
    ]
