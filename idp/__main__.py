"""Serve user pools alone: `python -m idp pools.yaml --public-url http://localhost:9000`.

For a pool without the load balancer in front. The file holds `UserPools`, and optionally `Smtp`, `Sms`,
`Database`, `AccessKeys`, `SignatureCheck`, `TrustedProxies`, `RateLimits`, `BreachedPasswords`,
`LocationDatabase`, `Functions` and `LambdaEndpoint`; host and port come from the public URL unless said
otherwise.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
import yaml

from idp.app import create_app
from idp.config import InvalidPools

GUARDS = ("TrustedProxies", "RateLimits", "BreachedPasswords", "LocationDatabase")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        document = yaml.safe_load(options.file.read_text("utf-8"))
        settings = document if isinstance(document, Mapping) else {}
        app = create_app(
            document,
            public_url=options.public_url,
            data_directory=options.data,
            smtp=settings.get("Smtp"),
            sms=settings.get("Sms"),
            database=settings.get("Database"),
            functions={key: settings[key] for key in ("Functions", "LambdaEndpoint") if key in settings},
            functions_folder=options.file.parent,
            access={key: settings[key] for key in ("AccessKeys", "SignatureCheck") if key in settings},
            guard={key: settings[key] for key in GUARDS if key in settings},
        )
    except (InvalidPools, OSError, yaml.YAMLError) as error:
        sys.stderr.write(f"{options.file}: {error}\n")
        return 2
    where = urlsplit(options.public_url)
    port = options.port or where.port or (443 if where.scheme == "https" else 80)
    # proxy_headers off: whether X-Forwarded-For is believed is decided in idp.pages.local, not by the server.
    uvicorn.run(app, host=options.address, port=port, proxy_headers=False, server_header=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m idp", description="Serve user pools alone.")
    parser.add_argument("file", type=Path, help="YAML file with UserPools")
    parser.add_argument("--public-url", default="http://localhost:9000", help="how browsers reach the pool")
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on; default: the public URL's")
    parser.add_argument("--data", type=Path, default=Path("albacore-data"), help="data directory")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
