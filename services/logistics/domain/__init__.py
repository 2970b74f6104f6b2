"""The rules of logistics: what a channel carries, what customs needs, how far a shipment is. Pure functions and frozen dataclasses, no I/O."""
