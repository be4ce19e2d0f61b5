"""A client to vary, and whole applications to ask."""

import pytest

from idp.model import Client, Secret
from tests.support.open_house import house, open_house, shared_house

__all__ = ["client", "house", "open_house", "shared_house"]


@pytest.fixture
def client() -> Client:
    return Client(
        id="app",
        pool_id="local_one",
        name="web",
        secrets=(Secret("s" * 50),),
        callback_urls=("https://app.example/cb", "https://app.example/cb?tenant=1", "myapp://cb"),
        logout_urls=("https://app.example/bye",),
        oauth_enabled=True,
        oauth_flows=("code",),
        oauth_scopes=("openid", "email", "profile", "api/read"),
        identity_providers=("COGNITO",),
    )
