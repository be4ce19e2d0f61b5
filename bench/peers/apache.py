"""Apache with mod_auth_openidc as a peer, logged in at our own user pool: the usual login wall of before.

The module takes https providers only, so a pool of its own runs beside it behind an HTTPS listener, with an
authority that Apache is told to trust. The pool works for the login and idles in the measurement.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import yaml

from bench.albacore import run_albacore
from bench.login import session_cookie
from bench.processes import Program, free_port
from bench.subject import Place, Subject, binary, first_line
from tests.support.running import free_ports
from tests.support.stack import CLIENT_ID, CLIENT_SECRET, POOL_ID, Ports, client, forward, group, stack_config
from tests.support.tls_front import make_authority

MODULES = Path("/usr/lib/apache2/modules")
# Each request that waits for the target takes a thread: with fewer, 512 clients would wait for one another.
CONFIG = """
ServerRoot "{folder}"
ServerName localhost
PidFile "{folder}/apache.pid"
DefaultRuntimeDir "{folder}"
Mutex pthread
Listen 127.0.0.1:{port}
ListenBacklog 4096
{modules}
User www-data
Group www-data
ErrorLog /dev/stderr
LogLevel error
ServerLimit 1
StartServers 1
ThreadLimit 600
ThreadsPerChild 600
MaxRequestWorkers 600
MaxConnectionsPerChild 0
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 600
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCCABundlePath "{authority}"
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI http://localhost:{port}/private/callback
OIDCCryptoPassphrase "only for the benchmark"
OIDCScope "openid email profile"
OIDCRemoteUserClaim email
<Location "/private">
  AuthType openid-connect
  Require valid-user
</Location>
RequestHeader set X-Forwarded-Proto http
RequestHeader set X-Forwarded-Port {port}
ProxyPreserveHost On
ProxyPass "/private/callback" "!"
ProxyPass "/" "http://127.0.0.1:{upstream}/" enablereuse=on keepalive=on max=600
"""
LOADED = (
    "mpm_event", "authn_core", "authz_core", "authz_user", "headers", "proxy", "proxy_http", "auth_openidc"
)  # fmt: skip


def start_apache(place: Place) -> list[Subject]:
    """Start Debian's builds of both, and log in."""
    port = free_port()
    apache = binary("apache2", "libapache2-mod-auth-openidc")
    if not (MODULES / "mod_auth_openidc.so").exists():
        raise FileNotFoundError(
            "mod_auth_openidc (Debian package libapache2-mod-auth-openidc): run `make bench`"
        )
    folder = place.folder / "apache"
    folder.mkdir()
    pool, issuer = _start_pool(place, folder, f"http://localhost:{port}/private/callback")
    config = folder / "apache.conf"
    config.write_text(
        CONFIG.format(
            folder=folder,
            port=port,
            issuer=issuer,
            authority=folder / "test-ca.pem",
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            upstream=place.upstream_port,
            modules="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED),
        )
    )
    # Its worker gives up root, and reads the authority's certificate after that.
    for each in (place.folder, folder):
        each.chmod(0o711)
    command = [apache, "-D", "FOREGROUND", "-f", str(config)]
    program = Program(command, cores=place.cores, log=folder / "apache.log")
    program.wait_for_port(port)
    trust = ssl.create_default_context(cafile=str(folder / "test-ca.pem"))
    cookie = session_cookie(f"http://localhost:{port}/private/small", "mod_auth_openidc", verify=trust)
    version = first_line(apache, "-v").rpartition("/")[2].split()[0]
    url = f"http://localhost:{port}/private"
    return [Subject("Apache, login", version, program, url, (cookie,), companions=(pool,))]


def _start_pool(place: Place, folder: Path, callback: str) -> tuple[Program, str]:
    """Start `albacore run` with a pool, reached over https; returns it and the issuer."""
    https, *others = free_ports(4)
    ports, url = Ports(*others), f"https://localhost:{https}"
    authority = make_authority(folder)
    certificate, key = folder / "front.pem", folder / "front.key"
    leaf = authority.ca.issue_cert("localhost")
    certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(key)
    config = stack_config(ports, place.upstream_port, extra_groups=[group(ports.pool, name="pool")])
    config["Listeners"] = [
        {
            "Port": https,
            "Protocol": "HTTPS",
            "Address": "127.0.0.1",
            "Certificates": [{"CertificateFile": str(certificate), "PrivateKeyFile": str(key)}],
            "DefaultActions": [forward("pool")],
        }
    ]
    config["PoolServer"] = {"Port": ports.pool, "Address": "127.0.0.1", "PublicUrl": url}
    pools = config["UserPools"]
    assert isinstance(pools, list)
    pools[0]["UserPoolClients"] = [client(ports, CallbackURLs=[callback])]
    path = folder / "pool.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return run_albacore(path, cores=place.load_cores), f"{url}/{POOL_ID}"
