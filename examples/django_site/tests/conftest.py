"""Django with its production settings, and a local CloudFront."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DOMAIN = "https://media.archive.example"


@pytest.fixture(scope="session")
def archive(cloudfront_key_pair, tmp_path_factory) -> None:
    """The site with the sample papers and groups. Ada is in the group "finance"."""
    folder: Path = tmp_path_factory.mktemp("archive")
    (folder / "private.pem").write_text(cloudfront_key_pair.private_key)
    os.environ |= {
        "ALLOWED_HOSTS": "archive.example",
        "CLOUDFRONT_DOMAIN": DOMAIN,
        "CLOUDFRONT_KEY_PAIR_ID": cloudfront_key_pair.key_pair_id,
        "CLOUDFRONT_PRIVATE_KEY_FILE": str(folder / "private.pem"),
        "DATABASE": str(folder / "archive.sqlite3"),
        "DJANGO_SETTINGS_MODULE": "archive.settings",
        "SECRET_KEY": "0123456789abcdef" * 4,
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("loaddata", "sample", verbosity=0)
    call_command("add_member", "ada", "finance")


@pytest.fixture
def edge(cloudfront_edge):
    """A local CloudFront in front of the bucket."""
    return cloudfront_edge(Path(__file__).parents[1] / "bucket", domain=DOMAIN)


@pytest.fixture
def ada(archive):
    """A test client with Ada logged in."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client(headers={"host": "archive.example"})
    client.force_login(User.objects.get(username="ada"))
    return client
