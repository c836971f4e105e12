"""Registers: reading what units hand in and what the insurance keeps, and comparing the one with the other."""
