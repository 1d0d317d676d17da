"""The papers in the database. The files are in the private bucket."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db import models


class Paper(models.Model):
    """A paper, and the group that may read it."""

    path = models.CharField(max_length=200, unique=True)
    title = models.CharField(max_length=200)
    group = models.ForeignKey(Group, on_delete=models.PROTECT)

    class Meta:
        """Sort by title."""

        ordering = ("title",)

    def __str__(self) -> str:
        return self.title

    @property
    def thumbnail(self) -> str:
        """The path of its thumbnail in the bucket."""
        return f"thumbnails/{self.path}.svg"

    @classmethod
    def list_readable(cls, user: Any) -> models.QuerySet[Paper]:
        """Return the papers of the groups of *user*; staff may read all papers."""
        return cls.objects.all() if user.is_staff else cls.objects.filter(group__user=user)
