"""What banks tell us by themselves. Rule guarded here: nothing is believed that is not signed with a secret of ours."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from livecommerce.errors import Refused


class NotSigned(Refused):
    code = "webhook.not_signed"
    status = 400
    message = "This notice is not signed with a secret that this shop knows. It was not read."


@csrf_exempt
@require_POST
def stripe(request: HttpRequest) -> JsonResponse:
    """Refuse: without the Stripe gateway there is no secret that a signature could be right for."""
    refused = NotSigned()
    return JsonResponse({"error": refused.wire()}, status=refused.status)
