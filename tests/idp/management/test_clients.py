"""App clients that operators manage: what two secrets made at one moment are called."""

from __future__ import annotations

from tests.support.pools import Scene


async def test_secrets_made_at_one_moment_have_names_of_their_own(scene: Scene) -> None:
    desk = scene.core.management.clients
    client = await desk.create(scene.pool, {"ClientName": "two", "GenerateSecret": True})
    first = client.secret_labels[0].id
    label, newer = await desk.add_secret(client, None)
    assert label.id != first
    await desk.delete_secret(client, first)
    async with scene.core.store.reading() as records:
        left = await records.clients.get(client.id)
    assert [secret.reveal() for secret in left.secrets] == [newer]
