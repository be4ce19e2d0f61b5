"""The programs that are compared: each started as its own documentation says, on a port of 127.0.0.1.

moto and cognito-local are installed by whoever compares (docs/compared.md has the two commands) and named on
the command line; neither is needed for anything else.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import yaml

from bench.processes import Program, free_port

ROOT = Path(__file__).parent.parent.parent
KEY_ID, KEY_SECRET = "AKIDCOMPARE00001", "the-secret-access-key-of-the-comparison"
REGION = "us-east-1"
SERVICE = "AWSCognitoIdentityProviderService"
OUTPUT_SECONDS = 3.0
ANY_CORE = f"0-{(os.cpu_count() or 1) - 1}"


@dataclass(frozen=True, slots=True)
class Subject:
    """A running program."""

    name: str
    version: str
    url: str
    program: Program
    code_of: Callable[[str, Mapping[str, Any]], str]
    """Reads the newest code for an address, as a developer gets at it; also given the answer of the call."""
    host: Mapping[str, str] = field(default_factory=dict)
    """Header lines for plain HTTP requests."""

    def get(self, path: str) -> httpx.Response:
        """GET a path without any credentials."""
        with httpx.Client(trust_env=False, timeout=30) as client:
            return client.get(self.url + path, headers=dict(self.host))

    def post_form(self, path: str, form: Mapping[str, str], **options: Any) -> httpx.Response:
        """POST a form."""
        with httpx.Client(trust_env=False, timeout=30) as client:
            return client.post(self.url + path, data=dict(form), headers=dict(self.host), **options)


def start_albacore(folder: Path, _: Path | None) -> Subject:
    """Start `python -m idp` with an access key and a pool of the configuration, which stays unused."""
    port, file = free_port(), folder / "pools.yaml"
    keys = [{"AccessKeyId": KEY_ID, "SecretAccessKey": KEY_SECRET}]
    file.write_text(yaml.safe_dump({"UserPools": [{"UserPoolName": "unused"}], "AccessKeys": keys}))
    url = f"http://localhost:{port}"
    command = [sys.executable, "-m", "idp", str(file), "--public-url", url, "--data", str(folder / "data")]
    program = _start(command, folder, port, env={"PYTHONPATH": str(ROOT)})

    def read(address: str, _: Mapping[str, Any]) -> str:
        page = httpx.get(f"{url}/dev/inbox", trust_env=False).text
        mails = re.findall(r"<article.*?</article>", page, re.DOTALL)
        mail = next(mail for mail in mails if address in mail)
        return str(re.findall(r'data-testid="code">(\d+)<', mail)[0])

    return Subject("albacore", version("albacore"), url, program, read)


def start_moto(folder: Path, home: Path | None) -> Subject:
    """Start moto's server out of the virtual environment `home`."""
    python = _need(home, "bin/python")
    port = free_port()
    program = _start([str(python), "-m", "moto.server", "-p", str(port)], folder, port)
    command = [str(python), "-c", "import importlib.metadata as m; print(m.version('moto'))"]
    release = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def read(_: str, answer: Mapping[str, Any]) -> str:
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        # Sign-ups are confirmed by any code; a forgotten password's is in a header of the answer.
        return str(headers.get("x-moto-forgot-password-confirmation-code", "123456"))

    host = {"host": f"cognito-idp.{REGION}.amazonaws.com"}
    return Subject("moto", release, f"http://localhost:{port}", program, read, host)


def start_cognito_local(folder: Path, home: Path | None) -> Subject:
    """Start cognito-local out of the folder `home` that npm installed it into."""
    script = _need(home, "node_modules/.bin/cognito-local")
    node = shutil.which("node")
    if node is None:
        raise FileNotFoundError("node is not installed")
    # Its pools take addresses as usernames only, unless its configuration says otherwise.
    settings = folder / ".cognito" / "config.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"UserPoolDefaults": {"UsernameAttributes": []}}))
    port = free_port()
    url = f"http://localhost:{port}"
    where = {"PORT": str(port), "HOST": "localhost"}
    program = _start([node, str(script.resolve())], folder, port, env=where)
    package = script.resolve().parents[1] / "package.json"
    while not package.exists():
        package = package.parents[1] / "package.json"
    release = str(json.loads(package.read_text())["version"])

    def read(address: str, _: Mapping[str, Any]) -> str:
        wanted = re.compile(rf"Destination:\s*{re.escape(address)}\W+Code:\s*(\d+)")
        deadline = time.monotonic() + OUTPUT_SECONDS
        while True:
            # What it writes comes a moment after its answer, and at times only with what it writes next: here
            # that it knows no such operation.
            httpx.post(url, headers={"X-Amz-Target": f"{SERVICE}.WriteOn"}, content=b"{}", trust_env=False)
            time.sleep(0.3)
            found = wanted.findall(re.sub(r"\x1b\[[0-9;]*m", "", program.log.read_text(errors="replace")))
            if found:
                return str(found[-1])
            if time.monotonic() > deadline:
                raise LookupError("no code was found where codes are shown")

    return Subject("cognito-local", release, url, program, read)


STARTS = {"albacore": start_albacore, "moto": start_moto, "cognito-local": start_cognito_local}


def _start(command: list[str], folder: Path, port: int, env: Mapping[str, str] | None = None) -> Program:
    program = Program(command, cores=ANY_CORE, log=folder / "output.log", env=env)
    try:
        program.wait_for_port(port)
    except BaseException:
        program.stop()
        raise
    return program


def _need(home: Path | None, part: str) -> Path:
    """Return what must have been installed. Raises FileNotFoundError that says where."""
    if home is None or not (home / part).exists():
        raise FileNotFoundError(f"{part} is not in {home}: see docs/compared.md for how to install it")
    return (home / part).absolute()
