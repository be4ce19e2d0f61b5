"""Where the user pool keeps its records: the seam (`base`), and its SQL backend for SQLite and PostgreSQL."""
