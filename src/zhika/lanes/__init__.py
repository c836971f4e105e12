"""One folder for each lane of the charts. Lanes never import each other: what passes between them is a document."""
