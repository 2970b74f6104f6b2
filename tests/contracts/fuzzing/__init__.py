"""Schemathesis against a running gateway: its settings and checks of our own."""
