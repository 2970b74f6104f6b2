"""What migrations share: a CHECK that is there is given another condition, on PostgreSQL and on SQLite, which knows no such statement."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def change_check(table: str, name: str, condition: str) -> None:
    """Give the table's CHECK `name` this condition, which its rows must meet.

    SQLite keeps a table's definition as text and reads it again when the schema's version changes; its manual changes constraints so
    ("ALTER TABLE", section 7). Making the table anew would mean all that refers to it, and its triggers, too.
    """
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, condition)
        return
    old = next((each["sqltext"] for each in sa.inspect(connection).get_check_constraints(table) if each["name"] == name), None)
    if old is None:
        raise ValueError(f"{table} has no CHECK {name}")
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    clauses = {"old": f"CONSTRAINT {name} CHECK ({old})", "new": f"CONSTRAINT {name} CHECK ({condition})"}
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = sa.text("UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = :table AND instr(sql, :old)")
    found = connection.execute(changed, {**clauses, "table": table}).rowcount
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
    if not found:
        raise ValueError(f"{table} does not spell its CHECK {name} as {clauses['old']}")
