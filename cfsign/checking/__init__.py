"""Check a request as CloudFront does. Implemented independently of the signing side."""
