"""Metrics, traces and logs of running processes."""
