"""Benchmarks: of the library beside its peers, and of the sites under load."""
