"""Persons and their applications: only on a seat where a platform lane runs, and there the only truth."""
