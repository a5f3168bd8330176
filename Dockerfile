# Two images from one file: `--target web` and `--target worker`.
# The same commands as `make run` starts; configuration by environment (.env.example).
FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 VAR_DIR=/var/lib/ocrsite
RUN useradd --system --uid 10001 --home-dir /var/lib/ocrsite --create-home ocrsite \
 && mkdir -p /var/lib/ocrsite/files /var/lib/ocrsite/static \
 && chown -R ocrsite /var/lib/ocrsite
WORKDIR /app
COPY requirements/ requirements/
RUN pip install -r requirements/web.txt
COPY manage.py LICENSE ./
COPY ocrsite/ ocrsite/
COPY accounts/ accounts/
COPY jobs/ jobs/
COPY learning/ learning/
COPY extraction/ extraction/
COPY locale/ locale/
COPY templates/ templates/
COPY static/ static/

FROM base AS web
# collectstatic reads no secret and no database
RUN SECRET_KEY=build-time-only VAR_DIR=/app/var python manage.py collectstatic --noinput --verbosity=0
ENV BIND=0.0.0.0:8000 STATIC_ROOT=/app/var/static
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
CMD ["gunicorn", "--config", "ocrsite/gunicorn.conf.py"]

FROM base AS worker
RUN pip install -r requirements/cpu.txt -r requirements/remote.txt
USER 10001
STOPSIGNAL SIGTERM
CMD ["python", "manage.py", "worker"]
