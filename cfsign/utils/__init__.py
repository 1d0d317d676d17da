"""Helpers without a connection to CloudFront, which every folder may import."""
