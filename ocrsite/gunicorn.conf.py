"""Gunicorn's settings, for `make run` and the web container alike."""

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # Gunicorn does so too, later
from ocrsite.environment import BIND, LOG_FORMAT, WEB_THREADS, WEB_WORKERS
from ocrsite.log_lines import tell_uncaught

tell_uncaught(LOG_FORMAT)  # in its master, and so in its workers
wsgi_app = "ocrsite.wsgi"
bind = BIND
workers = WEB_WORKERS
worker_class = "ocrsite.listening.ListeningWorker"  # gthread, and listeners beside it
threads = WEB_THREADS
timeout = 120
graceful_timeout = 30
keepalive = 5
max_requests = 10_000
max_requests_jitter = 1_000
accesslog = None
logger_class = f"ocrsite.gunicorn_log.Gunicorn{'Json' if LOG_FORMAT == 'json' else ''}Logger"
control_socket_disable = True


# Counters of all web processes meet in a folder of this run (prometheus_client reads the variable)
metrics_folder = tempfile.mkdtemp(prefix="ocrsite-metrics-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_folder


def post_worker_init(worker: Any) -> None:
    """What is loaded by now is never looked through again for garbage."""
    gc.collect()
    gc.freeze()


def child_exit(server: Any, worker: Any) -> None:
    """A dead process keeps its counters but loses its live gauges."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """The counters end with the server."""
    shutil.rmtree(metrics_folder, ignore_errors=True)
