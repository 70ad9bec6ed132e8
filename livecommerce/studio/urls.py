"""The Studio's addresses. Only the team of a show finds them; everyone else gets a 404."""

from django.urls import path

from livecommerce.studio import views

urlpatterns = [
    path("", views.shows, name="studio-list"),
    path("<slug:slug>/", views.show, name="studio"),
    path("<slug:slug>/panels/<slug:name>/", views.panel, name="studio-panel"),
    path("<slug:slug>/acts/<slug:name>/", views.act, name="studio-act"),
]
