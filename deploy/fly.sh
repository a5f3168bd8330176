#!/bin/sh
# Installs OCRSite on Fly.io, or updates it: the app NAME (fly.toml) and NAME-worker
# (deploy/fly/worker.toml), from the top of the repository. Needs flyctl, signed in.
#
#   sh deploy/fly.sh NAME SECRETS [WORKERS]
#
# SECRETS is a file of lines NAME=VALUE: SECRET_KEY, DATABASE_URL, DATABASE_OWNER_URL, REDIS_URL,
# METRICS_TOKEN, S3_BUCKET and the other S3_*, EMAIL_URL and what else is set (.env.example).
# WORKERS is how many machines there are to be woken (2).
set -eu
name=${1:?NAME of the app} secrets=${2:?file of SECRETS} workers=${3:-2}
cd "$(dirname "$0")/.."
[ -r "$secrets" ] || { echo "$secrets cannot be read" >&2; exit 1; }
for setting in SECRET_KEY DATABASE_URL REDIS_URL S3_BUCKET; do # the two apps share no volume
  grep -q "^$setting=." "$secrets" || { echo "$secrets lacks $setting" >&2; exit 1; }
done

for app in "$name" "$name-worker"; do
  fly status --app "$app" > /dev/null 2>&1 || fly apps create "$app"
done
fly secrets import --stage --app "$name" < "$secrets"
# workers have no use for the owner of the database and for the token of /metrics
grep -v -e '^DATABASE_OWNER_URL=' -e '^METRICS_TOKEN=' "$secrets" \
  | fly secrets import --stage --app "$name-worker"

host=$name.fly.dev
deploy() { # CONFIG APP
  fly deploy . --config "$1" --app "$2" --dockerfile Dockerfile --ha=false \
    --env "ALLOWED_HOSTS=$host" --env "SITE_URL=https://$host"
}
deploy fly.toml "$name" # migrates first
deploy deploy/fly/worker.toml "$name-worker"
fly scale count "worker=$workers" --app "$name-worker" --yes

# what the sweeper posts to when work waits, and the token that lets it
machines=$(fly machine list --quiet --app "$name-worker" | grep -Eo '[0-9a-f]{14}' | sort -u)
[ -n "$machines" ] || { echo "$name-worker has no machines" >&2; exit 1; }
addresses=$(for id in $machines; do
  printf ',cpu=http://_api.internal:4280/v1/apps/%s/machines/%s/start' "$name-worker" "$id"
done)
token= # one is enough, however often this runs
fly secrets list --app "$name" | grep -q WAKE_TOKEN \
  || token=WAKE_TOKEN=$(fly tokens create deploy --name wake --app "$name-worker")
printf '%s\n' "WAKE_WORKERS=${addresses#,}" ${token:+"$token"} | fly secrets import --app "$name"
echo "https://$host"
