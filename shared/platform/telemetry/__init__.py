"""What a running process tells of itself: log lines, Prometheus metrics, OpenTelemetry traces. It observes; nothing here decides anything."""

from shared.platform.telemetry.logs import set_up_logging

__all__ = ["set_up_logging"]
