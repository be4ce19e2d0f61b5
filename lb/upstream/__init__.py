"""Connections to targets: one connection, and the pool of idle ones."""
