"""The bank 银行: numbers, security values, stripe, financial application, opening, delivery, activation."""
