"""Do jobs keep their lane's order, never overlap in it, and never wait for another lane?"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from bot.simulator.lanes import Lanes

SOON_S, LATER_S = 0.02, 0.06


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    lanes = Lanes(threads=2)
    yield lanes
    lanes.close()


class Recorder:
    """Jobs that say when they ran, and one can wait for them."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self._news = threading.Condition()

    def job(self, name: str, hold: threading.Event | None = None):  # type: ignore[no-untyped-def]
        def run() -> None:
            if hold is not None:
                hold.wait(20)
            with self._news:
                self.ran.append(name)
                self._news.notify_all()

        return run

    def wait_for(self, number: int) -> list[str]:
        with self._news:
            assert self._news.wait_for(lambda: len(self.ran) >= number, timeout=20), "a job never ran"
            return self.ran


def test_a_lane_keeps_its_order(lanes: Lanes) -> None:
    recorder = Recorder()
    for i in range(50):
        lanes.put("one", recorder.job(str(i)))
    assert recorder.wait_for(50) == [str(i) for i in range(50)]


def test_what_is_due_later_comes_later_whatever_was_put_first(lanes: Lanes) -> None:
    recorder = Recorder()
    lanes.put("one", recorder.job("later"), LATER_S)
    lanes.put("one", recorder.job("soon"), SOON_S)
    lanes.put("one", recorder.job("now"))
    assert recorder.wait_for(3) == ["now", "soon", "later"]


def test_a_busy_lane_holds_nobody_else_up(lanes: Lanes) -> None:
    recorder, hold = Recorder(), threading.Event()
    lanes.put("later", recorder.job("later"), SOON_S)
    lanes.put("busy", recorder.job("busy", hold))
    assert recorder.wait_for(1) == ["later"]
    hold.set()
    assert recorder.wait_for(2) == ["later", "busy"]


def test_a_broken_job_takes_neither_its_lane_nor_its_thread_with_it(lanes: Lanes) -> None:
    recorder = Recorder()

    def broken() -> None:
        raise RuntimeError("+12105550123")

    for _ in range(5):
        lanes.put("one", broken)
    lanes.put("one", recorder.job("after"))
    assert recorder.wait_for(1) == ["after"]


def test_pending_counts_what_is_later_waiting_and_running(lanes: Lanes) -> None:
    recorder, hold = Recorder(), threading.Event()
    lanes.put("one", recorder.job("held", hold))
    lanes.put("one", recorder.job("waiting"))
    lanes.put("one", recorder.job("later"), 3600.0)
    ends = time.monotonic() + 20
    while len(lanes._later) > 1:  # until "waiting" stands in its lane
        assert time.monotonic() < ends
        time.sleep(0.001)
    assert lanes.pending == 3
    hold.set()
    recorder.wait_for(2)
