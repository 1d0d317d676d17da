"""The papers of an association; each is for one of its groups."""
