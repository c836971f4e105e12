"""A seat: one organisation's installation, a home folder with its own store, keys and mailbox."""
