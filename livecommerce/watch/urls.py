"""The viewers' addresses."""

from django.urls import path

from livecommerce.watch import show_page, theme
from livecommerce.watch.views import brand, home, host, product, shows

urlpatterns = [
    path("", home.home, name="home"),
    path("favicon.ico", home.favicon),
    path("shows/", shows.shows, name="shows"),
    path("shows/<slug:slug>/", show_page.show, name="show"),
    path("embed/<slug:slug>/", show_page.embed, name="embed"),
    path("hosts/<slug:handle>/", host.host, name="host"),
    path("brands/<slug:slug>/", brand.brand, name="brand"),
    path("products/<slug:slug>/", product.product, name="product"),
    path("theme/", theme.choose_theme, name="theme"),
]
