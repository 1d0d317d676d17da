"""The site's URLs: Django's own login, and the papers."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("django.contrib.auth.urls")),
    path("", include("papers.urls")),
]
