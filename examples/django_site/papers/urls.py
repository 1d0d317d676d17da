"""The URLs of the papers."""

from django.urls import path

from .views import PaperLinkView, PaperView, index

urlpatterns = [
    path("", index, name="index"),
    path("papers/<path:resource>", PaperView.as_view(), name="paper"),
    path("links/<path:resource>", PaperLinkView.as_view(), name="paper-link"),
]
