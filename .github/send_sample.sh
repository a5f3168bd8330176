#!/bin/sh
# Sends the demo's invoice through the site that Compose runs here, as a new organisation, and looks for what it says.
# With it ci.yml and release.yml try images; steps after it have KEY and invoice.pdf.
#
#   sh .github/send_sample.sh TAG
set -eu
docker run --rm --volume "$PWD/demo:/app/demo:ro" "ocrsite-worker-cpu:$1" \
  python -c "import sys; from demo.sample_invoice import build; sys.stdout.buffer.write(build())" > invoice.pdf
KEY=$(docker compose exec -T web python manage.py create_tenant \
  --name=CI --email=ci@example.com --json | jq --raw-output .api_key)
export KEY
sh deploy/smoke.sh http://127.0.0.1:8000 invoice.pdf OI-2026-0417
echo "KEY=$KEY" >> "$GITHUB_ENV"
