"""The bank 银行: accounts and numbers, stripe and financial application, opening, the card list, activation, destruction."""
