"""
Observers: they are called with the event of each decision, for example to log it.

`cfsign.observers.opentelemetry` is imported on its own, because it needs OpenTelemetry.
"""

from cfsign.observers.audit_log import AuditLog, AuditLogError

__all__ = ["AuditLog", "AuditLogError"]
