"""What benchmarks make of a profiler's samples."""

from __future__ import annotations

from benchmarks.sampling import shares


def test_a_sample_counts_for_the_innermost_of_ours() -> None:
    stacks = [
        "work (jobs/tasks.py:30);read (extraction/pdf.py:7);resize (PIL/Image.py:2) 6",
        "work (jobs/tasks.py:31);read (extraction/pdf.py:9) 2",
        "work (jobs/tasks.py:40) 1",
        "serve (gunicorn/arbiter.py:1) 1",
    ]
    assert shares(stacks) == [
        ("extraction/pdf.py read", 0.8),
        ("jobs/tasks.py work", 0.1),
        ("libraries", 0.1),
    ]


def test_threads_that_wait_do_not_count() -> None:
    stacks = [
        "work (jobs/tasks.py:30) 1",
        "run (jobs/heartbeat.py:3);Condition.wait (threading.py:324) 99",
    ]
    assert shares(stacks) == [("jobs/tasks.py work", 1.0)]


def test_without_samples_there_are_no_shares() -> None:
    assert shares([]) == []
