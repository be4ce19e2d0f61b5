"""The access log: one ALB row of 34 fields per request (alb.md 9.1), and its writer."""

from __future__ import annotations

from lb.observe.record import AccessRecord

__all__ = ["AccessRecord"]
