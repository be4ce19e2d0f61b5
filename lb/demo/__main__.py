"""One target of the demonstration by itself: `python -m lb.demo --name blue --port 3001`."""

from __future__ import annotations

import os
from typing import Annotated

import typer
import uvicorn

from lb.demo.identity import Expected
from lb.demo.launch import CLIENT, POOL, SIGNER
from lb.demo.sample_app import SampleSettings, create_sample_app


def serve(
    *,
    name: Annotated[str, typer.Option(help="Which target this is.")] = "blue",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3001,
    address: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    signer: Annotated[str, typer.Option(help="ARN of the load balancer. [default: the demo's]")] = "",
    public_url: Annotated[
        str, typer.Option(help="Where browsers find the load balancer.")
    ] = "http://localhost:8080",
    pool_url: Annotated[
        str, typer.Option(help="Where browsers find the user pool.")
    ] = "http://localhost:9000",
    keys_url: Annotated[str, typer.Option(help="Where the load balancer's public keys are.")] = "",
) -> None:
    """Serve the sample app on one port."""
    expected = Expected(
        keys_url=keys_url or f"{public_url}/.well-known/albacore/keys",
        signer=signer or os.environ.get("ALBACORE_SIGNER") or SIGNER,
        client=CLIENT,
        issuer=f"{pool_url}/{POOL}",
    )
    app = create_sample_app(SampleSettings(name, expected, pool_url, public_url))
    uvicorn.run(app, host=address, port=port, log_level="warning")


if __name__ == "__main__":
    typer.run(serve)
