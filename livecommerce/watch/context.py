"""What every template may name: the product and the theme."""

from django.conf import settings
from django.http import HttpRequest

from livecommerce.watch.theme import chosen_theme


def product(request: HttpRequest) -> dict[str, str]:
    """Name the product, and the theme that this browser chose ('' follows the device)."""
    return {"product_name": settings.PRODUCT_NAME, "theme": chosen_theme(request)}
