"""Authorize, sign, redirect: private files behind Amazon CloudFront, for Django."""
