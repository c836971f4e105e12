"""What every seat has: batches and who is in them, cards, custody, steps, documents, mail numbers, audit."""
