"""Users: their attributes, names, passwords and codes, and what they and administrators do with them."""
