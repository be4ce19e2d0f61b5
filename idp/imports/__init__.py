"""Importing users from a file: rows, jobs, uploads and the task that works through them (cognito.md 5.8)."""
