"""Viewer: who asks, as a value. Rule guarded here: verbs never see a request."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Viewer:
    """The one who asks: nobody yet, a guest with a visitor, or a signed-in user with theirs."""

    visitor_id: UUID | None = None
    user_id: int | None = None
    name: str = ""
    address: str = ""
    is_superuser: bool = False

    @property
    def signed_in(self) -> bool:
        """Whether a user stands behind the visitor."""
        return self.user_id is not None


def who_asks(request: HttpRequest) -> Viewer:
    """Return the viewer that the middleware gave the request."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # Django's requests are open to middleware, its stubs not.
    return viewer
