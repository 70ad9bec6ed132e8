"""Compression: pages leave as gzip, and nothing else does.

Static files are compressed when they are collected, film already is, and JSON on the hot path is small or cached bytes.
Django pads each answer by a random length, so that a page's secrets cannot be guessed from its size (BREACH).
"""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressPages(GZipMiddleware):
    """gzip for HTML only."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress a page; pass all else as it is."""
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)
