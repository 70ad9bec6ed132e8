"""The pages for viewers, as a Django app: templates tags, checks."""

from django.apps import AppConfig


class WatchConfig(AppConfig):
    name = "livecommerce.watch"
    label = "watch"
