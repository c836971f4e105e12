"""What makes the charts run on a seat: what is ready, one step in one transaction, mail in and out."""
