"""The Studio's registration with Django."""

from django.apps import AppConfig


class StudioConfig(AppConfig):
    name = "livecommerce.studio"
    label = "studio"
