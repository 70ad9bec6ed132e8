"""The app's label and name."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "livecommerce.realtime"
    label = "realtime"
