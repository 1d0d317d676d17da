"""The rule, which is the site's own, and the views that deliver by it."""

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
    """Sends a member to a paper of their groups, by a signed URL; a visitor, to log in."""

    def authorize(self, request: HttpRequest, resource: str, **url_args: Any) -> int:
        """Allow what the member may read; the rest is there or it is not."""
        if Paper.readable_by(request.user).filter(path=resource).exists():
            return 200
        return 403 if Paper.objects.filter(path=resource).exists() else 404


class PaperLinkView(PaperView):
    """Gives the signed URL to the script of the page, by the same rule."""

    delivery = "json"
    # A script has no use for the login's page: it gets 403.
    raise_exception = True


@never_cache  # The page holds signed URLs.
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """List the papers that the member may read, each with its thumbnail."""
    return render(request, "papers/index.html", {"papers": Paper.readable_by(request.user)})
