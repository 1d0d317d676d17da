"""A school's lectures: each student watches the recordings of their own courses."""
