"""What is printed: card faces, print sheets, lists and forms."""
