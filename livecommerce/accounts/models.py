"""User, Visitor and ApiToken. Rule guarded here: a person is one visitor, signed in or not."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Django's interface for making users from the shell."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make one who signs in with this e-mail address."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make an operator who may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """Someone who signs in by e-mail: a viewer, a host, brand staff or an operator."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=60, blank=True)
    is_staff = models.BooleanField(default=False, help_text="May open the admin.")
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_once_in_any_case"),)

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        """Return the name shown to others; the address is never shown."""
        return self.name or self.email.split("@")[0]

    def get_short_name(self) -> str:
        """Return the first word of the name."""
        return self.get_full_name().split(" ")[0]


class Visitor(models.Model):
    """A viewer through a whole show and beyond; buyers, authors and queue places point here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(User, on_delete=models.CASCADE, null=True, blank=True, related_name="visitor")
    name = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Set when a guest signs in.",
    )

    def __str__(self) -> str:
        return f"{self.name or 'Guest'} {self.public_id}"

    @property
    def public_id(self) -> str:
        """A short name for the wire: enough to tell people apart, too little to act as one of them."""
        return self.id.hex[:12]


class ApiToken(models.Model):
    """A key of a client that is not a browser; only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user} since {self.created_at:%Y-%m-%d}"


class KeptAnswer(models.Model):
    """The first answer to a write with an `Idempotency-Key`; a repeat gets the same instead of a second effect."""

    asker = models.CharField(max_length=80, help_text="Visitor, or address of one who has none.")
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty while the first request still runs.")
    body = models.BinaryField(default=b"")
    content_type = models.CharField(max_length=80, default="application/json")
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["asker", "key"], name="kept_answer_once_per_asker"),)

    def __str__(self) -> str:
        return f"{self.asker} {self.key}"
