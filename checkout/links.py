"""Order codes and the signed links of guests. Rule guarded here: a code alone opens nothing."""

import secrets

from django.conf import settings
from django.core import signing
from django.urls import reverse

# Without 0 and O, 1 and I: people read codes aloud.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_signer = signing.Signer(salt="order-link")


def new_code() -> str:
    """Return a code like R7K2-481: a thousand million of them, told apart on the phone."""
    return "".join(secrets.choice(_LETTERS) for _ in range(4)) + f"-{secrets.randbelow(900) + 100}"


def order_token(code: str) -> str:
    """Return the proof that a link to an order came from us."""
    return _signer.signature(code)


def token_opens(code: str, token: str) -> bool:
    """Whether a token was made for this order."""
    try:
        return _signer.unsign(f"{code}:{token}") == code
    except signing.BadSignature:
        return False


def order_path(code: str) -> str:
    """Return the page's address with its proof, good for anyone who has it."""
    return f"{reverse('order', args=[code])}?token={order_token(code)}"


def check_path(code: str) -> str:
    """Return the page on which the bank asks the buyer, with the order's proof."""
    return f"{reverse('bank-check', args=[code])}?token={order_token(code)}"


def order_link(code: str) -> str:
    """Return the same as a full address, for mails."""
    return f"{settings.PUBLIC_URL}{order_path(code)}"
