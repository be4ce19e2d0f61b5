"""Tokens: keys, claims, ageing (pure), and the service that issues, refreshes, revokes and reads them."""
