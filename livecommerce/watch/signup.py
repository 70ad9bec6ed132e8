"""Sign-up: what a new account is asked."""

from allauth.account.forms import SignupForm
from django import forms


class SignUpForm(SignupForm):
    """E-mail and password as allauth asks them, and the one thing that others will see."""

    name = forms.CharField(
        label="Name in chat, others see it",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )

    field_order = ("name", "email", "password1")
