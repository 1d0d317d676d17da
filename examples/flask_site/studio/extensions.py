"""The extensions, which other modules import. `create_app` connects them to the application."""

from __future__ import annotations

from cfsign_flask import CloudFront

cloudfront = CloudFront()
