"""Real Chromium, driven by Playwright, against a real server."""
