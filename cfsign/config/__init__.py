"""Settings: read them from a mapping or the environment, and check them."""
