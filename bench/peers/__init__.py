"""The proxies that people run instead, each configured for the work that albacore's plain rows do.

Everything is forwarded to one upstream over kept connections, with X-Forwarded headers, without an access
log, by one worker or scheduler thread. Where a default keeps few connections, as many are allowed as clients.
"""

from __future__ import annotations

from bench.peers.apache import start_apache
from bench.peers.caddy import start_caddy
from bench.peers.envoy import start_envoy
from bench.peers.haproxy import start_haproxy
from bench.peers.nginx import start_nginx
from bench.peers.traefik import start_traefik
from bench.subject import Start

PEERS: dict[str, Start] = {
    "nginx": start_nginx,
    "haproxy": start_haproxy,
    "envoy": start_envoy,
    "traefik": start_traefik,
    "caddy": start_caddy,
    "apache": start_apache,
}
