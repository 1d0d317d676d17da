"""The views that authorize and redirect, and the page that lists the papers."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from cfsign_django.views import SignedRedirectView

from .models import Paper


class PaperView(LoginRequiredMixin, SignedRedirectView):
    """Redirect a member to the signed URL of a paper, and anonymous users to the login page."""

    def authorize(self, request: HttpRequest, resource: str, **url_args: Any) -> int:
        """Allow the papers of the member's groups."""
        if Paper.list_readable(request.user).filter(path=resource).exists():
            return 200
        return 403 if Paper.objects.filter(path=resource).exists() else 404


class PaperLinkView(PaperView):
    """Return the signed URL as JSON to the script of the page, by the same rule."""

    delivery = "json"
    # Anonymous scripts get 403 instead of a redirect to the login page.
    raise_exception = True


@never_cache  # The page contains signed URLs.
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Show the papers that the member may read, each with its thumbnail."""
    return render(request, "papers/index.html", {"papers": Paper.list_readable(request.user)})
