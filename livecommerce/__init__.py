"""The house: a roof that wires the apps together and a floor that knows none of them.

Roof: `settings`, `urls`, `asgi`, `celery`, `api`, `socket`, `snapshot`, `safe_mode`, `signin`, the pages `watch` and
`studio`, the `demo` shop and the commands in `management`. They may import any app; no app imports them.

Floor: `accounts` (who asks), `realtime` (how news travels), `money`, `errors` and `environment`. They import no app.

Between them stand the apps, top to bottom: `chat` and `checkout` (siblings), `streams`, `catalog`.
"""

# Every process that may ask for a task has to know the broker: without this, tasks would look for Celery's own default.
from livecommerce.celery import app as celery_app

__all__ = ["celery_app"]
