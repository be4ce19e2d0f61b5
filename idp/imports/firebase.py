"""Users of a Firebase export (`firebase auth:export users.json --format=json`). Pure.

A project's key is taken from a file with what the console shows as its password hash parameters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from idp.imports.rows import Imported, UnfitRow, make_user
from idp.model import Pool
from idp.users.foreign_hashes import FirebaseKey, UnfitHash, read_firebase

_ATTRIBUTES: Final = {
    "email": "email",
    "displayName": "name",
    "photoUrl": "picture",
    "phoneNumber": "phone_number",
}


def read_key(text: str) -> FirebaseKey:
    """Read the project's hash parameters; raises UnfitRow."""
    try:
        values = json.loads(text)
        return FirebaseKey(
            signer_key=str(values["base64_signer_key"]),
            salt_separator=str(values["base64_salt_separator"]),
            rounds=int(values["rounds"]),
            mem_cost=int(values["mem_cost"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        message = (
            "the key file must be JSON with base64_signer_key, base64_salt_separator, rounds and mem_cost"
        )
        raise UnfitRow(message) from error


def read_export(text: str) -> Iterator[Mapping[str, Any]]:
    """Yield the users of an export; raises UnfitRow."""
    try:
        users = json.loads(text)["users"]
    except (ValueError, KeyError, TypeError) as error:
        raise UnfitRow("the export must be JSON with a list `users`") from error
    if not isinstance(users, list) or not all(isinstance(user, dict) for user in users):
        raise UnfitRow("`users` must be a list of users")
    yield from users


def read_firebase_user(pool: Pool, entry: Mapping[str, Any], key: FirebaseKey, *, now: float) -> Imported:
    """Build a user out of an entry; raises UnfitRow."""
    attributes = {name: str(entry[source]) for source, name in _ATTRIBUTES.items() if entry.get(source)}
    if "email" in attributes:
        attributes["email_verified"] = "true" if entry.get("emailVerified") is True else "false"
    if "phone_number" in attributes:
        attributes["phone_number_verified"] = "true"  # Firebase has no other numbers
    kept = None
    if entry.get("passwordHash"):
        try:
            kept = read_firebase(key, str(entry["passwordHash"]), str(entry.get("salt", "")))
        except UnfitHash as error:
            raise UnfitRow(f"passwordHash: {error}") from error
    username = _username(pool, entry, attributes)
    return Imported(make_user(pool, username, attributes, kept, now=now))


def _username(pool: Pool, entry: Mapping[str, Any], attributes: Mapping[str, str]) -> str:
    for name in pool.username_attributes:
        if name in attributes:
            return attributes[name]
    return str(entry.get("localId", ""))
