"""Pages of the bag and of orders. Every act is a form, so all of it works without scripts."""

from django.urls import path

from checkout import ledger_page, queue_page, views, webhooks

urlpatterns = [
    path("cart/", views.cart, name="cart"),
    path("cart/hold/", views.hold_this, name="hold"),
    path("cart/holds/<int:hold_id>/extend/", views.extend, name="hold-extend"),
    path("cart/holds/<int:hold_id>/release/", views.release, name="hold-release"),
    path("cart/code/", views.claim, name="code-claim"),
    path("cart/code/remove/", views.remove_code, name="code-remove"),
    path("cart/pay/", views.checkout, name="checkout"),
    path("drops/<int:drop_id>/queue/join/", queue_page.join, name="queue-join"),
    path("drops/<int:drop_id>/queue/leave/", queue_page.leave, name="queue-leave"),
    path("shows/<slug:slug>/drops/<int:drop_id>/ledger/", ledger_page.ledger, name="ledger"),
    path("orders/<str:code>/", views.order, name="order"),
    path("orders/<str:code>/pay/", views.pay_again, name="order-pay"),
    path("orders/<str:code>/withdraw/", views.withdraw_here, name="order-withdraw"),
    path("orders/<str:code>/bank-check/", views.bank_check, name="bank-check"),
    path("webhooks/stripe/", webhooks.stripe, name="stripe-webhook"),
]
