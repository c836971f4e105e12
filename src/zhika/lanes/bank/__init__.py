"""The bank 银行: numbers, stripe and financial application, accounts, the card list, activation, void cards."""
