"""The way out of a form: back to the app, past Chrome's reading of `form-action`.

Chrome holds every redirect after a form submission against the page's `form-action`, those of the app
and of whatever the app redirects to included; a sign-in would end in silence as soon as the app sends
its callback on to a host that we have never heard of. So a browser is answered with a page that leaves
by itself (`refresh` is a navigation of its own, and replaces the entry in the history), and
`form-action` can stay `'self'`. A client that tells no `Sec-Fetch-Mode` is a script, which gets the 302
that Cognito answers, or a browser on plain http, whose policy then has to name the app's origins.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.oauth.answers import found
from idp.pages.render import is_modern_browser, render


def leave(request: Request, location: str) -> Response:
    """Answer an accepted form by sending the browser to `location`, which the client has registered."""
    if not is_modern_browser(request):
        return found(location)
    return render(request, "leave.html", {"title": "leave.title", "location": location, "languages": ()})
