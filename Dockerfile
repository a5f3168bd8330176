# Three images from one file: `--target web`, `--target worker-cpu`, `--target worker-gpu`.
# The commands are those that `make run` starts; configuration by environment (.env.example).
# Written are /var/lib/ocrsite (a volume) and /tmp (a tmpfs) alone: the rest may be read-only.
FROM python:3.11.15-slim-bookworm AS base
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app

# --- What is installed and made; pip and its leavings stay behind here. Wheels alone, at the exact
# versions of requirements/: nothing is compiled, so there is no compiler.
FROM base AS venv-web
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PIP_ONLY_BINARY=:all:
COPY requirements/ requirements/
RUN python -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install -r requirements/web.txt

FROM venv-web AS venv-cpu
RUN pip --python /opt/venv/bin/python install -r requirements/cpu.txt -r requirements/remote.txt

# CUDA comes in wheels that torch pins; of the host it needs NVIDIA's driver and container toolkit
FROM venv-cpu AS venv-gpu
RUN pip --python /opt/venv/bin/python install -r requirements/gpu.txt

FROM venv-web AS app
COPY manage.py LICENSE ./
COPY ocrsite/ ocrsite/
COPY accounts/ accounts/
COPY jobs/ jobs/
COPY learning/ learning/
COPY extraction/ extraction/
COPY locale/ locale/
COPY templates/ templates/
COPY static/ static/
# collectstatic reads no secret and no database. Compiled by what is in the files, not by their times
RUN SECRET_KEY=build-time-only STATIC_ROOT=/srv/static \
      python manage.py collectstatic --noinput --verbosity=0 \
 && python -m compileall -q --invalidation-mode unchecked-hash .

# --- What runs
FROM base AS runtime
ENV VAR_DIR=/var/lib/ocrsite UPLOAD_TEMP_DIR=/var/lib/ocrsite/uploads ALIVE_FILE=/tmp/alive \
    LOG_FORMAT=json
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/ocrsite ocrsite \
 && install --directory --owner=ocrsite --group=ocrsite --mode=0750 /var/lib/ocrsite \
      /var/lib/ocrsite/files /var/lib/ocrsite/uploads /var/lib/ocrsite/weights \
      /var/lib/ocrsite/training /var/lib/ocrsite/adapters
COPY --from=app /app /app
VOLUME /var/lib/ocrsite
STOPSIGNAL SIGTERM

FROM runtime AS web
ENV BIND=0.0.0.0:8000 STATIC_ROOT=/srv/static
COPY --from=venv-web /opt/venv /opt/venv
COPY --from=app /srv/static /srv/static
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
CMD ["gunicorn", "--config", "ocrsite/gunicorn.conf.py"]

# What has no port touches a file while it lives: younger than a minute is healthy
FROM runtime AS worker-cpu
COPY --from=venv-cpu /opt/venv /opt/venv
USER 10001:10001
HEALTHCHECK --interval=15s --timeout=3s --start-period=120s \
  CMD ["sh", "-c", "find \"$ALIVE_FILE\" -newermt '60 seconds ago' | grep -q ."]
CMD ["python", "manage.py", "worker"]

# The same image trains: `python manage.py trainer`
FROM runtime AS worker-gpu
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=venv-gpu /opt/venv /opt/venv
USER 10001:10001
HEALTHCHECK --interval=15s --timeout=3s --start-period=600s \
  CMD ["sh", "-c", "find \"$ALIVE_FILE\" -newermt '60 seconds ago' | grep -q ."]
CMD ["python", "manage.py", "worker", "--pool", "gpu"]
