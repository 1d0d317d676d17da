"""Sign: conditions become a policy, a policy a signature, and a signature a URL or cookies."""
