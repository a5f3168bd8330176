#!/bin/sh
# Restores what deploy/backup.sh has saved, where docker-compose.yml has run nothing yet:
#
#   sh deploy/restore.sh /backups/2026-11-28
#
# Settings are those of settings.tar, unless deploy/secrets is there. Stops where the database holds
# anything, and restores it whole or not at all.
set -eu
umask 077
folder=$(cd "${1:?the FOLDER that was saved}" && pwd)
cd "$(dirname "$0")/.."
for file in database.dump files.tar; do
  [ -s "$folder/$file" ] || { echo "$folder lacks $file" >&2; exit 1; }
done
[ -e deploy/secrets ] || tar -xf "$folder/settings.tar"

docker compose build
servers=$(docker compose config --services | grep -x -e postgres -e valkey -e s3)
# shellcheck disable=SC2086 # names without spaces
docker compose up --detach --wait $servers
tables=$(docker compose exec -T postgres psql --username=ocrsite --dbname=ocrsite --no-align --tuples-only \
  --command="SELECT count(*) FROM pg_tables WHERE schemaname = 'public'" < /dev/null)
[ "$tables" = 0 ] || { echo "the database holds $tables tables: it must be empty" >&2; exit 1; }

docker compose exec -T postgres pg_restore --username=ocrsite --dbname=ocrsite \
  --single-transaction --no-owner --no-privileges < "$folder/database.dump"
docker compose run --rm -T migrate < /dev/null # makes the application's role, and its rights
docker compose run --rm -T --no-deps web python manage.py files load < "$folder/files.tar"
docker compose up --detach
