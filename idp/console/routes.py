"""Every address of the console."""

from __future__ import annotations

from typing import Final

from starlette.routing import BaseRoute, Route

from idp.console import acts, clients, groups, imports, pool, start, user, users
from idp.console.desk import come_back, page
from idp.imports.upload import MOST_BYTES

MOST_UPLOAD: Final = MOST_BYTES + 64 * 1024
"""A file and the form around it."""


def routes() -> list[BaseRoute]:
    """Lay out the console's paths; each but the first goes through the shared frame."""
    return [
        Route("/admin", start.show_start),
        page("", start.show_pool),
        page("/enter", come_back),
        page("/leave", submit=start.sign_out),
        page("/users", users.show_users),
        page("/users/new", users.show_new, users.submit_new),
        page("/users/{sub}", user.show_user),
        page("/users/{sub}/events", user.show_events),
        page("/users/{sub}/{action}", submit=acts.act),
        page("/groups", groups.show_groups, groups.submit_group),
        page("/group", groups.show_group),
        page("/group/change", submit=groups.submit_change),
        page("/group/delete", submit=groups.submit_delete, recent=groups.back_to_group),
        page("/clients", clients.show_clients),
        page("/new-client", clients.show_new, clients.submit_new, recent=clients.back_to_new),
        page("/clients/{client}", clients.show_client),
        page("/clients/{client}/edit", clients.show_edit, clients.submit_edit, recent=clients.back_to_edit),
        page("/clients/{client}/delete", submit=clients.submit_delete, recent=clients.back_to_client),
        page("/clients/{client}/add-secret", submit=clients.submit_add_secret, recent=clients.back_to_client),
        page(
            "/clients/{client}/delete-secret",
            submit=clients.submit_delete_secret,
            recent=clients.back_to_client,
        ),
        page("/import", imports.show_imports),
        page("/import", submit=imports.submit_import, recent=imports.back_to_imports, upload=MOST_UPLOAD),
        page("/import/template.csv", imports.show_header),
        page("/import/{job}", imports.show_job),
        page("/import/{job}/stop", submit=imports.submit_stop),
        page("/export", submit=imports.submit_export, recent=imports.back_to_imports),
        page("/settings", pool.show_settings),
        page("/settings/{section}", pool.show_section, pool.submit_section, recent=pool.back_to_section),
    ]
