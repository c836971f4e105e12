"""The command line: a home is made, trusted and worked; `zhika -C HOME …` acts on one seat."""
