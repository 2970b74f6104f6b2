#!/bin/sh
# One role and one schema a service in the one database, each shut to the others. Runs once, when the server's data is made.
set -eu

psql() { command psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" "$@"; }

echo "REVOKE ALL ON DATABASE :\"database\" FROM PUBLIC" | psql -v database="$POSTGRES_DB"
for service in accounts catalog orders payments logistics; do
  password=$(printenv "$(echo "$service" | tr '[:lower:]' '[:upper:]')_DATABASE_PASSWORD")
  psql -v database="$POSTGRES_DB" -v service="$service" -v password="$password" <<'SQL'
CREATE ROLE :"service" LOGIN PASSWORD :'password' CONNECTION LIMIT 100;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO :"service";
CREATE SCHEMA :"service" AUTHORIZATION :"service";
SQL
done
