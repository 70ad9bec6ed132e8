"""What brand staff can reach in the back office, walked over every admin that is registered."""

import re

import pytest
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.forms import ModelChoiceField
from django.test import Client, RequestFactory
from django.urls import reverse

from catalog.admin_scope import ScopedAdmin, ScopedInline
from livecommerce.accounts.models import User
from tests.admin.conftest import Belongings

OPERATORS_ONLY = {User}


def every_admin() -> list[admin.ModelAdmin]:
    return list(admin.site._registry.values())


def address(model_admin: admin.ModelAdmin, page: str, *args: object) -> str:
    options = model_admin.opts
    return reverse(f"admin:{options.app_label}_{options.model_name}_{page}", args=args)


def request_of(user: User):
    request = RequestFactory().get("/admin/")
    request.user = user
    return request


@pytest.mark.django_db
@pytest.mark.parametrize("model_admin", every_admin(), ids=lambda one: one.opts.label)
class TestEveryAdmin:
    def test_it_is_scoped_or_for_operators_only(self, model_admin):
        assert isinstance(model_admin, ScopedAdmin) or model_admin.model in OPERATORS_ONLY

        for inline in model_admin.inlines:
            assert issubclass(inline, ScopedInline), inline

    def test_the_foreign_row_is_known_to_this_test(self, model_admin, foreign: Belongings):
        assert model_admin.model in foreign.rows, "add a row of the other brand to tests/admin/conftest.py"

    def test_its_list_shows_nothing_of_another_brand(self, model_admin, insider: Client, foreign: Belongings):
        answer = insider.get(address(model_admin, "changelist"))

        if model_admin.model in OPERATORS_ONLY:
            assert answer.status_code == 403
        else:
            assert answer.status_code == 200
            assert_nothing_of(foreign, answer.content.decode())

    @pytest.mark.parametrize("page", ["change", "delete", "history"])
    def test_another_brands_row_is_not_found(self, model_admin, page: str, insider: Client, foreign: Belongings):
        row = foreign.rows[model_admin.model]

        answer = insider.get(address(model_admin, page, row.pk))

        assert answer.status_code in {403, 404}
        assert_nothing_of(foreign, answer.content.decode())

    def test_another_brands_row_cannot_be_posted_to(self, model_admin, insider: Client, foreign: Belongings):
        row = foreign.rows[model_admin.model]

        answer = insider.post(address(model_admin, "change", row.pk), {"name": "taken", "title": "taken"})

        assert answer.status_code in {403, 404}

    def test_an_action_does_not_reach_another_brands_row(self, model_admin, insider: Client, foreign: Belongings):
        row = foreign.rows[model_admin.model]
        before = type(row)._default_manager.filter(pk=row.pk).values().get()

        for action in model_admin.get_actions(request_of(User(is_superuser=True, is_active=True, is_staff=True))):
            insider.post(address(model_admin, "changelist"), {"action": action, "_selected_action": [row.pk]})

        assert type(row)._default_manager.filter(pk=row.pk).values().get() == before

    def test_its_autocomplete_offers_nothing_of_another_brand(
        self, model_admin, insider: Client, brand_staff: User, foreign: Belongings
    ):
        for owner in [model_admin, *inlines_of(model_admin, brand_staff)]:
            for name in owner.autocomplete_fields:
                field = {
                    "app_label": owner.opts.app_label,
                    "model_name": owner.opts.model_name,
                    "field_name": name,
                    "term": "secret",
                }
                answer = insider.get(reverse("admin:autocomplete"), field)

                assert answer.status_code == 403 or answer.json()["results"] == []

    def test_its_forms_offer_nothing_of_another_brand(self, model_admin, brand_staff: User, foreign: Belongings):
        request = request_of(brand_staff)
        foreign_rows = {(type(row), row.pk) for row in foreign.rows.values()}

        for owner in [model_admin, *inlines_of(model_admin, brand_staff)]:
            for name, field in form_of(owner, request).base_fields.items():
                if isinstance(field, ModelChoiceField):
                    offered = {(field.queryset.model, key) for key in field.queryset.values_list("pk", flat=True)}
                    assert not offered & foreign_rows, name

    def test_a_filter_cannot_spell_out_what_is_hidden(self, model_admin, insider: Client, foreign: Belongings):
        if model_admin.model in OPERATORS_ONLY:
            return
        for lookup in ("brand__staff__user__password__startswith", "buyer__user__email__contains", "show__title"):
            answer = insider.get(address(model_admin, "changelist"), {lookup: "s"})

            assert answer.status_code in {302, 400}


def inlines_of(model_admin: admin.ModelAdmin, user: User) -> list[BaseModelAdmin]:
    return [inline(model_admin.model, admin.site) for inline in model_admin.inlines]


def form_of(owner: BaseModelAdmin, request):
    if isinstance(owner, admin.ModelAdmin):
        return owner.get_form(request)
    return owner.get_formset(request).form


def assert_nothing_of(foreign: Belongings, page: str) -> None:
    shown = [word for word in foreign.words if re.search(re.escape(word), page, re.IGNORECASE)]
    assert shown == []


@pytest.mark.django_db
def test_the_walk_would_notice_an_open_admin(operator_client: Client, foreign: Belongings):
    """The negative control: an operator sees what the insider must not, with the same words on the same pages."""
    for model_admin in every_admin():
        if model_admin.model in OPERATORS_ONLY:
            continue
        page = operator_client.get(address(model_admin, "changelist")).content.decode()

        with pytest.raises(AssertionError):
            assert_nothing_of(foreign, page)


@pytest.mark.django_db
def test_a_viewer_has_no_way_in(make_user):
    client = Client()
    client.force_login(make_user("Ana Lopes"), backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(reverse("admin:index")).status_code == 302
    assert client.get(reverse("admin:login")).status_code == 403


@pytest.mark.django_db
def test_staff_without_a_brand_see_nothing(make_user, foreign: Belongings):
    client = Client()
    client.force_login(make_user("New Person", is_staff=True), backend="django.contrib.auth.backends.ModelBackend")

    for model_admin in every_admin():
        assert client.get(address(model_admin, "changelist")).status_code == 403


@pytest.mark.django_db
def test_search_and_shortcuts_do_not_pass_the_admins(insider: Client, foreign: Belongings):
    from django.urls import NoReverseMatch

    found = insider.get(reverse("admin:search"), {"s": "secret"})

    assert_nothing_of(foreign, found.content.decode())
    with pytest.raises(NoReverseMatch):
        reverse("admin:view_on_site", args=[1, 1])
