"""Check a request as CloudFront does, independently of the signing side."""
