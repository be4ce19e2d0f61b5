"""The databases that every store has to do its work on, and a data directory with keys made already."""

from tests.support.databases import databases, postgres, postgres_databases, sqlite_databases
from tests.support.in_memory import tmp_path
from tests.support.prepared import prepared_directory

__all__ = [
    "databases",
    "postgres",
    "postgres_databases",
    "prepared_directory",
    "sqlite_databases",
    "tmp_path",
]
