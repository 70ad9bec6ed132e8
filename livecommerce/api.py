"""The JSON API under /api/v1/: who may ask, how refusals look, which app answers what."""

from collections.abc import Callable, Sequence
from http import HTTPStatus

from django.conf import settings
from django.db import DataError, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Router, Schema, Status
from ninja.errors import AuthenticationError, HttpError, ValidationError

from catalog.api import router as products_router
from chat.api import router as chat_router
from checkout.api import router as holds_router
from checkout.orders_api import router as orders_router
from livecommerce.accounts.api_auth import ANYONE
from livecommerce.accounts.viewer import who_asks
from livecommerce.accounts.visitors import identity_of
from livecommerce.errors import BadInput, NotFound, Refused, SignInNeeded
from livecommerce.signin import sign_in
from livecommerce.snapshot import router as snapshot_router
from livecommerce.studio.api import router as studio_router
from streams.api import router as shows_router
from streams.brand_api import router as schedule_router

api = NinjaAPI(
    title="Live commerce",
    version="1",
    description="Watch, hold and buy during a live show; run the show; schedule the next one.",
    urls_namespace="api",
    docs_url=None,
)
people = Router(tags=["people"])


class VisitorOut(Schema):
    """A guest identity: `token` goes into `Authorization: Bearer` and `?visitor=`."""

    visitor: str
    token: str


class SessionIn(Schema):
    """What someone signs in with."""

    email: str
    password: str


class SessionOut(Schema):
    """A key for `Authorization: Bearer`; shown once, kept as a hash."""

    token: str


@people.post("visitors", response={201: VisitorOut}, auth=ANYONE, summary="Get a guest identity")
def create_visitor(request: HttpRequest) -> Status[dict[str, str]]:
    """Give whoever asks an identity that lasts through the show; one who is known keeps theirs."""
    visitor, token = identity_of(who_asks(request), now=timezone.now())
    return Status(201, {"visitor": visitor.public_id, "token": token})


@people.post("sessions", response={201: SessionOut}, auth=ANYONE, summary="Sign in from a client that is no browser")
def create_session(request: HttpRequest, body: SessionIn) -> Status[dict[str, str]]:
    """Check a password, give a token."""
    token = sign_in(request, email=body.email, password=body.password, now=timezone.now())
    return Status(201, {"token": token})


api.add_router("", people)
for _router in (
    shows_router,
    studio_router,
    chat_router,
    holds_router,
    orders_router,
    products_router,
    schedule_router,
    snapshot_router,
):
    api.add_router("", _router)


@api.exception_handler(Refused)
def refuse(request: HttpRequest, refused: Refused) -> HttpResponse:
    """Translate a domain refusal."""
    response = api.create_response(request, {"error": refused.wire()}, status=refused.status)
    if refused.retry_in is not None:
        response["Retry-After"] = str(max(1, round(refused.retry_in)))
    return response


@api.exception_handler(ValidationError)
def refuse_fields(request: HttpRequest, invalid: ValidationError) -> HttpResponse:
    """Name each field that is missing or malformed; a list by its own name, not by the place in it."""
    fields = {_name(error["loc"]): str(error["msg"]) for error in invalid.errors}
    return refuse(request, BadInput(fields=fields))


def _name(place: Sequence[str | int]) -> str:
    return next((part for part in reversed(place) if isinstance(part, str)), "")


@api.exception_handler(DataError)
@api.exception_handler(OverflowError)
@api.exception_handler(UnicodeEncodeError)
def refuse_unstorable(request: HttpRequest, _: Exception) -> HttpResponse:
    """Refuse what no database keeps: NUL characters, half a character, numbers beyond any column."""
    return refuse(request, BadInput("A text or a number in the request cannot be stored. Nothing was written."))


class MetAnother(Refused):
    """A constraint decided between two who wrote the same at once."""

    code = "conflict"
    message = "Somebody else changed the same thing at this moment. Nothing of yours was written; look and try again."


@api.exception_handler(IntegrityError)
def refuse_second(request: HttpRequest, _: IntegrityError) -> HttpResponse:
    """Tell the second of two that they were second."""
    return refuse(request, MetAnother())


@api.exception_handler(AuthenticationError)
def refuse_stranger(request: HttpRequest, _: AuthenticationError) -> HttpResponse:
    """Ask for a sign-in or a guest identity."""
    return refuse(request, SignInNeeded())


@api.exception_handler(Http404)
def refuse_missing(request: HttpRequest, _: Http404) -> HttpResponse:
    """Say that there is nothing, in the API's own form."""
    return refuse(request, NotFound())


@api.exception_handler(HttpError)
def refuse_malformed(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Pass on ninja's own refusals, such as a body that is not JSON."""
    refused = BadInput(str(error))
    refused.status = error.status_code
    return refuse(request, refused)


class TooLarge(Refused):
    """More than any call needs."""

    code = "too_large"
    status = 413
    message = "The request is too large. Nothing was changed; send less at once."


class MethodUnknown(Refused):
    """The address is right, the verb is not; `Allow` names those that are."""

    code = "method_not_allowed"
    status = 405
    message = "This address does not take this method. GET /api/v1/openapi.json lists what it takes."


class OurFault(Refused):
    """A defect of ours; the log has it."""

    code = "internal"
    status = 500
    message = "Something broke on our side. Nothing is half-written; try again in a moment."


class AnswersInJson:
    """Middleware: what is refused under /api/ before or after our own code looks like every other refusal."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; Django's and ninja's own pages for 400, 405, 413 and 500 are put into words and JSON."""
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        length = request.META.get("CONTENT_LENGTH") or ""
        if length.isdecimal() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return refuse(request, TooLarge())
        response = self.get_response(request)
        in_json = response.headers.get("Content-Type", "").startswith("application/json")
        if in_json or response.status_code < HTTPStatus.BAD_REQUEST:
            return response
        known: dict[int, Refused] = {405: MethodUnknown(), 413: TooLarge(), 500: OurFault()}
        refused = known.get(response.status_code) or BadInput("This request cannot be read. Nothing was changed.")
        refused.status = response.status_code
        told = refuse(request, refused)
        if "Allow" in response.headers:
            told["Allow"] = response.headers["Allow"]
        return told


def nothing_here(request: HttpRequest) -> HttpResponse:
    """Answer addresses under /api/ that no app has, in the API's own form."""
    return refuse(request, NotFound("There is no such call. GET /api/v1/openapi.json lists them all."))
