"""Brands: who owns products and shows, and who works for them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.templatetags.static import static
from django.urls import reverse


class BrandQuerySet(models.QuerySet["Brand"]):
    def of_staff(self, user_id: int | None) -> BrandQuerySet:
        """Those that this user works for: nobody sees another brand's rows."""
        if user_id is None:
            return self.none()
        return self.filter(pk__in=BrandStaff.objects.filter(user_id=user_id).values("brand_id"))


class Brand(models.Model):
    """A seller. Its legal name and country stand on orders, its VAT rate is inside its prices."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=80, unique=True)
    about = models.TextField(blank=True)
    logo = models.ImageField(upload_to="brands/", blank=True)
    art = models.CharField(
        max_length=120, blank=True, help_text="Static path of a drawn mark, used when there is no logo."
    )
    legal_name = models.CharField(max_length=120)
    country = models.CharField(max_length=2, help_text="ISO 3166, where the goods are sent from.")
    currency = models.CharField(max_length=3, default="EUR")
    shipping_price_minor = models.PositiveIntegerField(default=0)
    vat_rate_bp = models.PositiveSmallIntegerField(default=2100, help_text="Basis points: 2100 is 21 %.")

    objects = BrandQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(vat_rate_bp__lt=10_000), name="brand_vat_is_a_rate")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("brand", args=[self.slug])

    @property
    def logo_url(self) -> str:
        """The logo, else the drawn mark, else nothing."""
        if self.logo:
            return self.logo.url
        return static(self.art) if self.art else ""


class BrandStaff(models.Model):
    """A user's right to work for a brand."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        STAFF = "staff", "Staff"

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="staff")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="brand_roles")
    role = models.CharField(max_length=8, choices=Role, default=Role.STAFF)

    class Meta:
        verbose_name_plural = "brand staff"
        constraints: ClassVar = [models.UniqueConstraint(fields=["brand", "user"], name="brand_staff_once")]

    def __str__(self) -> str:
        return f"{self.user} at {self.brand}"
