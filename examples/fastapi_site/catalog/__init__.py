"""A data catalog; clients with a token download the datasets that they may have."""
