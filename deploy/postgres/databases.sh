#!/bin/sh
# Run once by PostgreSQL's image on an empty data directory: a role and a database for each service.
set -eu
for service in mining processing export; do
    psql --username postgres --set ON_ERROR_STOP=1 --set role="orestream_$service" \
        --set password="$POSTGRES_PASSWORD" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role";
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
SQL
done
