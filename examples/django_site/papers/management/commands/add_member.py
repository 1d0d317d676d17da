"""The command `manage.py add_member NAME GROUP ...`."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    """Add a member, or change the groups and the password of one."""

    help = "Add a member, or change the groups of one; prints a new password."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the member's name and the names of the groups."""
        parser.add_argument("name")
        parser.add_argument("groups", nargs="*", metavar="group")

    def handle(self, *args: Any, name: str, groups: list[str], **options: Any) -> None:
        """Write the member to the database."""
        password = secrets.token_urlsafe(12)
        member, _ = User.objects.get_or_create(username=name)
        member.set_password(password)
        member.save()
        member.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
        self.stdout.write(f"{name}'s password: {password}")
