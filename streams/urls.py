"""Addresses of the picture."""

from django.urls import path, re_path

from streams import views

urlpatterns = [
    path("live/<slug:slug>/live.m3u8", views.playlist, {"kind": "live"}, name="live-playlist"),
    path("live/<slug:slug>/dvr.m3u8", views.playlist, {"kind": "dvr"}, name="dvr-playlist"),
    path("live/<slug:slug>/vod.m3u8", views.playlist, {"kind": "vod"}, name="vod-playlist"),
    path("live/<slug:slug>/preview.m3u8", views.preview_playlist, name="preview-playlist"),
    # Names are ours: hexadecimal runs, and no dot but the suffix's, so that no path can leave its folder.
    re_path(
        r"^live/(?P<slug>[-\w]+)/(?P<run>[0-9a-f]{32})/(?P<name>[-0-9a-z]+\.(?:m4s|mp4))$",
        views.segment,
        name="segment",
    ),
]
