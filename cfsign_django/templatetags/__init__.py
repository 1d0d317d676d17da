"""Template tags: `{% load cfsign %}`."""
