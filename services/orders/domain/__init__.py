"""The rules of a trade as pure functions and frozen dataclasses: no database, no bus, no clock of its own."""
