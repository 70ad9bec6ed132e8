"""Modules: which script files a page will ask for, so that it can ask for all of them at once.

Without a bundler a browser finds an import only when it has read the file before it, one round trip per step.
"""

import re
from functools import cache

from django.conf import settings
from django.templatetags.static import static

# Our own imports name a module of the import map; `hls.js` and other vendored ones are asked for when they are needed.
_IMPORT = re.compile(r'(?:^(?:import|export)\b(?:[^"(]*\bfrom)?\s*|\bimport\()"([a-z/-]+)"', re.MULTILINE)


@cache
def modules_of(entry: str) -> tuple[str, ...]:
    """Return the addresses of an entry module and of all that it imports, in the order a browser would find them."""
    found = [entry]
    for name in found:
        text = (settings.BASE_DIR / "static" / "js" / f"{name}.js").read_text(encoding="utf-8")
        found += [other for other in dict.fromkeys(_IMPORT.findall(text)) if other not in found]
    return tuple(static(f"js/{name}.js") for name in found)
