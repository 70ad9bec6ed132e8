"""The demo's registration with Django."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "livecommerce.demo"
    label = "demo"
