#!/bin/sh
# Makes the secrets of docker-compose.yml, each in a file of deploy/secrets; what is there stays.
# Compose mounts the files as they are, whoever the container's user is: so they may be read by all,
# in a folder that only you may enter. No line's end stands behind any.
set -eu
umask 077
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
cd "$folder"

random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

keep() { # NAME VALUE: the file, unless it is there
  [ -e "$1" ] && return
  printf '%s' "$2" > "$1.new"
  chmod 0444 "$1.new"
  mv "$1.new" "$1"
}

keep secret_key "$(random 32)"
keep metrics_token "$(random 24)"
keep grafana_password "$(random 12)"
# of PostgreSQL's owner, for migrations alone; of the application's role, which migrations make
keep postgres_password "$(random 24)"
keep database_owner_url "postgres://ocrsite:$(cat postgres_password)@postgres:5432/ocrsite"
keep database_url "postgres://ocrsite_app:$(random 24)@postgres:5432/ocrsite"
keep valkey.conf "requirepass $(random 24)"
keep redis_url "redis://:$(sed -n 's/^requirepass //p' valkey.conf)@valkey:6379/0"
# of a bucket, where S3_BUCKET is set: the server of the profile s3 takes these; for another server
# write its keys here, and for AWS with the machine's role empty the files
keep s3_access_key "$(random 10)"
keep s3_secret_key "$(random 24)"
keep s3.json "{\"identities\": [{\"name\": \"ocrsite\", \"actions\": [\"Admin\", \"Read\", \"Write\", \"List\"], \
\"credentials\": [{\"accessKey\": \"$(cat s3_access_key)\", \"secretKey\": \"$(cat s3_secret_key)\"}]}]}"
