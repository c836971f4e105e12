"""The document's tables of how far the city is: annex 3, annex 6, annex 7, and what concerns one county's office."""
