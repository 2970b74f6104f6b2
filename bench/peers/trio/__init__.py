"""A system of the shape that Nameko's own examples have, on stock Nameko, the ORM and marshmallow: gateway → orders and products, an event between them."""
