"""The plumbing over Nameko, kombu and SQLAlchemy: bus, outbox, inbox, database, settings, telemetry. No rule of the trade."""
