"""The rules of payments: what may move, when, and how much. Pure functions and frozen dataclasses, no I/O."""
