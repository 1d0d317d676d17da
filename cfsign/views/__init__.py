"""Views: the parts that every adapter needs."""
