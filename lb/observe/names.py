"""The table of metrics: CloudWatch's name, ours, and what it says (alb.md 9.5). `docs/metrics.md` is its
reading.

Counters get `_total` from the exposition format.
"""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "albacore_"


@dataclass(frozen=True, slots=True)
class Name:
    """A metric's Prometheus name (without prefix) and its help text."""

    prometheus: str
    text: str


COUNTERS = {
    "ProcessedBytes": Name("processed_bytes", "Bytes received from and sent to clients"),
    "IPv6ProcessedBytes": Name("ipv6_processed_bytes", "Those of them over IPv6"),
    "IPv6RequestCount": Name("ipv6_request_count", "Requests over IPv6"),
    "GrpcRequestCount": Name("grpc_request_count", "Requests of gRPC"),
    "RuleEvaluations": Name("rule_evaluations", "Rules evaluated, default rules left out"),
    "NewConnectionCount": Name("new_connection_count", "Connections accepted from clients"),
    "RejectedConnectionCount": Name("rejected_connection_count", "Connections refused at a limit"),
    "ClientTLSNegotiationErrorCount": Name(
        "client_tls_negotiation_error_count", "TLS handshakes that failed with clients"
    ),
    "DesyncMitigationMode_NonCompliant_Request_Count": Name(
        "desync_mitigation_mode_non_compliant_request_count", "Requests that do not comply with RFC 7230"
    ),
    "DroppedInvalidHeaderRequestCount": Name(
        "dropped_invalid_header_request_count", "Requests from which invalid header fields were dropped"
    ),
    "ForwardedInvalidHeaderRequestCount": Name(
        "forwarded_invalid_header_request_count", "Requests forwarded with invalid header fields"
    ),
    "HTTP_Fixed_Response_Count": Name("http_fixed_response_count", "Fixed responses sent"),
    "HTTP_Redirect_Count": Name("http_redirect_count", "Redirect actions carried out"),
    "HTTP_Redirect_Url_Limit_Exceeded_Count": Name(
        "http_redirect_url_limit_exceeded_count", "Redirects whose Location was over 8 K"
    ),
    "HTTPCode_ELB_3XX_Count": Name("http_code_elb_3xx_count", "3XX made by the load balancer"),
    "HTTPCode_ELB_4XX_Count": Name("http_code_elb_4xx_count", "4XX made by the load balancer"),
    "HTTPCode_ELB_5XX_Count": Name("http_code_elb_5xx_count", "5XX made by the load balancer"),
    "HTTPCode_ELB_500_Count": Name("http_code_elb_500_count", "500 made by the load balancer"),
    "HTTPCode_ELB_502_Count": Name("http_code_elb_502_count", "502 made by the load balancer"),
    "HTTPCode_ELB_503_Count": Name("http_code_elb_503_count", "503 made by the load balancer"),
    "HTTPCode_ELB_504_Count": Name("http_code_elb_504_count", "504 made by the load balancer"),
    "ELBAuthSuccess": Name("elb_auth_success", "Logins completed"),
    "ELBAuthFailure": Name("elb_auth_failure", "Logins and sessions refused"),
    "ELBAuthError": Name("elb_auth_error", "Logins that failed for the provider's or our own fault"),
    "ELBAuthRefreshTokenSuccess": Name("elb_auth_refresh_token_success", "Sessions refreshed"),
    "ELBAuthUserClaimsSizeExceeded": Name(
        "elb_auth_user_claims_size_exceeded", "Logins with claims over 11 K"
    ),
    "JWTValidationSuccessCount": Name("jwt_validation_success_count", "Bearer tokens accepted"),
    "JWTValidationFailureCount": Name("jwt_validation_failure_count", "Bearer tokens refused"),
}
"""Counters of the whole load balancer."""

GROUP_COUNTERS = {
    "RequestCount": Name("request_count", "Requests for which a target was chosen"),
    "HTTPCode_Target_2XX_Count": Name("http_code_target_2xx_count", "2XX answered by targets"),
    "HTTPCode_Target_3XX_Count": Name("http_code_target_3xx_count", "3XX answered by targets"),
    "HTTPCode_Target_4XX_Count": Name("http_code_target_4xx_count", "4XX answered by targets"),
    "HTTPCode_Target_5XX_Count": Name("http_code_target_5xx_count", "5XX answered by targets"),
    "TargetConnectionErrorCount": Name(
        "target_connection_error_count", "Connections that targets did not take"
    ),
    "TargetTLSNegotiationErrorCount": Name(
        "target_tls_negotiation_error_count", "TLS handshakes that failed with targets"
    ),
    "UnhealthyRoutingRequestCount": Name(
        "unhealthy_routing_request_count", "Requests routed while the group failed open"
    ),
}
"""Counters with the label `target_group`."""

GROUP_GAUGES = {
    "HealthyHostCount": Name("healthy_host_count", "Targets that are healthy"),
    "UnHealthyHostCount": Name("unhealthy_host_count", "Targets that are unhealthy"),
    "HealthyStateRouting": Name("healthy_state_routing", "1 while enough targets are healthy"),
    "UnhealthyStateRouting": Name(
        "unhealthy_state_routing", "1 while requests go to all targets (fail open)"
    ),
}
"""Gauges with the label `target_group`."""

ACTIVE_CONNECTIONS = Name("active_connection_count", "Connections open to clients (`ActiveConnectionCount`)")
AUTH_LATENCY = Name("elb_auth_latency_seconds", "Seconds a completed login callback took (`ELBAuthLatency`)")
RESPONSE_TIME = Name(
    "target_response_time_seconds",
    "Seconds from dispatch to the target's response head (`TargetResponseTime`)",
)

# Without a CloudWatch name: what an operator asks at night.
REQUESTS = Name("requests", "Requests finished, by type as in the access log")
ANSWERS = Name("answers", "Answers that the load balancer made for a reason, by reason")
LOST_ROWS = Name("access_log_lost_rows", "Access-log rows that could not be written")
DRAINING = Name("draining_host_count", "Targets that are draining")
WORKERS = Name("workers", "Balancer processes that serve; only with several workers")
WORKER_DEATHS = Name("worker_deaths", "Worker processes that ended with an error or a signal")
IN_FLIGHT = Name("in_flight_requests", "Requests and tunnels at targets now")
