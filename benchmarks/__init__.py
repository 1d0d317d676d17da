"""Benchmarks of cfsign and of other libraries that sign for CloudFront."""
