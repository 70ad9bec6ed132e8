"""Refusals: the one base of all domain exceptions. Rule guarded here: bad input gets words that say what to do next."""

from collections.abc import Mapping


class Refused(Exception):
    """A request that the domain turned down; nothing was written.

    Subclasses stand beside the verb that raises them, one per reason, and set `code` (wire name), `status` (HTTP) and
    `message` (for people: what happened, what is safe, what next). The API and the socket translate them alike.
    """

    code = "refused"
    status = 409
    message = "That is not possible right now."

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_in: float | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        self.message = message or self.message
        self.retry_in = retry_in
        self.fields = dict(fields or {})
        super().__init__(self.message)

    def wire(self) -> dict[str, object]:
        """Return the `error` object of the socket and the API (`retry_in` in seconds)."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.retry_in is not None:
            error["retry_in"] = self.retry_in
        if self.fields:
            error["fields"] = self.fields
        return error


class NotFound(Refused):
    """Missing, or not for the one who asks: both look the same from outside."""

    code = "not_found"
    status = 404
    message = "There is nothing here. Check the address, or start again from the home page."


class NotAllowed(Refused):
    """The one who asks is known, sees the thing, and still may not do this."""

    code = "not_allowed"
    status = 403
    message = "You may not do this here. Ask the host or the brand for the right."


class SignInNeeded(Refused):
    """Nobody knows who asks."""

    code = "sign_in_needed"
    status = 401
    message = "Sign in, or get a guest identity first."


class BadInput(Refused):
    """The request itself is malformed; `fields` says where."""

    code = "bad_input"
    status = 422
    message = "Something in the request is missing or malformed. See the fields."
