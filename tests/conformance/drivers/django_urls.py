"""The URLs and the error pages of both Django sites."""

from django.http import HttpResponse
from django.urls import include, path

from tests.conformance.expectations import own_page

urlpatterns = [
    path("sync/", include("tests.conformance.drivers.django_sync")),
    path("async/", include("tests.conformance.drivers.django_async")),
]


def handler403(request, exception):
    return HttpResponse(own_page(403), status=403)


def handler404(request, exception):
    return HttpResponse(own_page(404), status=404)
