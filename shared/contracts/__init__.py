"""What crosses the bus, and only that: operations (RPC), events and forms as marshmallow schemas. Shapes, no business rules."""
