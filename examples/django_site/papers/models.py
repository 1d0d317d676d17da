"""What the site knows of the papers; the files themselves lie in the private bucket."""

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
        """By title, as people look for them."""

        ordering = ("title",)

    def __str__(self) -> str:
        return self.title

    @property
    def thumbnail(self) -> str:
        """The path of its picture in the bucket."""
        return f"thumbnails/{self.path}.svg"

    @classmethod
    def readable_by(cls, user: Any) -> models.QuerySet[Paper]:
        """Return the papers that *user* may read: those of their groups, and all for the staff."""
        return cls.objects.all() if user.is_staff else cls.objects.filter(group__user=user)
