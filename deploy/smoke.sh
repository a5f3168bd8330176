#!/bin/sh
# Sends a document to a running site, waits until it is read, looks for a text in its CSV:
#
#   KEY=ocrs_... sh deploy/smoke.sh https://ocr.example.com invoice.pdf OI-2026-0417
#
# Exits 0 only if the job succeeds and the text is there.
set -eu
site=$1 file=$2 text=$3

ask() { curl --silent --show-error --fail-with-body --max-time 90 --header "Authorization: Bearer $KEY" "$@"; }
part() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" | head -n 1; }

job=$(ask --form "file=@$file" --form cache=false "$site/api/v1/ocr/jobs")
id=$(echo "$job" | tr '{,' '\n\n' | part id)
status=queued
for _ in 1 2 3 4 5 6 7 8 9 10; do
  status=$(ask "$site/api/v1/ocr/jobs/$id?wait=60" | tr '{,' '\n\n' | part status)
  case $status in queued | running) ;; *) break ;; esac
done
echo "job $id: $status"
[ "$status" = succeeded ]
ask "$site/api/v1/ocr/jobs/$id/result.csv" | grep --fixed-strings "$text"
