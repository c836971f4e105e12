"""A city on one machine: what is invented so that the rest can be seen at work. Nothing imports it but the demo."""
