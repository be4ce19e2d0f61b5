"""Signing in: one pure decider (`dispatch`), the lockout schedule, sealed sessions between steps, and the
service.
"""
