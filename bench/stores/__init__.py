"""Stores of a size, filled for the benches."""
