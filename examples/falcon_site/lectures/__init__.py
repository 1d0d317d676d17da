"""The lectures of a school; students watch the recordings of their courses."""
