"""What the load balancer tells about itself: access-log rows, metrics and trace ids (alb.md section 9).

Nothing here decides about a request. The data plane fills one `AccessRecord` per request and hands it over
once, at the end, to `AccessLog.write` and `Metrics.record`.
"""
