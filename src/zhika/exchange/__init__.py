"""What passes between seats: checked tables, the sealed package of three files, and the mailboxes that carry it."""
