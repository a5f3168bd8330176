#!/bin/sh
# Saves the site that docker-compose.yml runs, while it runs, in a folder that is not there yet:
#
#   sh deploy/backup.sh /backups/2026-11-28
#
# database.dump, files.tar (of the volume or the bucket) and settings.tar (deploy/secrets, .env), which
# opens what is sealed in the first: keep it apart from them. A folder of that name is whole.
set -eu
umask 077
folder=${1:?the FOLDER to save in}
folder=${folder%/}
[ ! -e "$folder" ] || { echo "$folder is there already" >&2; exit 1; }
mkdir -p "$folder.part"
part=$(cd "$folder.part" && pwd)
cd "$(dirname "$0")/.."

# the database first: then every file that it names is there, or was deleted since
docker compose exec -T postgres pg_dump --username=ocrsite --dbname=ocrsite --format=custom \
  < /dev/null > "$part/database.dump"
docker compose exec -T web python manage.py files save < /dev/null > "$part/files.tar"
env=
[ ! -e .env ] || env=.env
tar -cf "$part/settings.tar" deploy/secrets $env
mv "$part" "${part%.part}"
ls -l "${part%.part}"
