"""The card itself: its numbers, stripe, security values, keys, face and chip. Pure: no Django, no seat."""
