"""A run's own process, forked from a resident one: how it ended is known, and an interrupt reaches it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from resources.runs.forked import CRASHED, Crashed, forked
from tests.house.tree import ROOT

INTERRUPTED = """
import signal, sys, time
from resources.runs.forked import forked

def run():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        print("at work", flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        return 3

print("ended with", forked(run), flush=True)
"""


def killed() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def broken() -> int:
    raise OSError("the database is gone")


def test_two_runs_are_two_processes_and_the_resident_one_stays_as_it_was() -> None:
    here, told = os.getpid(), [os.pipe() for _ in range(2)]
    for number, (_, end) in enumerate(told):
        assert forked(lambda end=end, number=number: os.write(end, str(os.getpid()).encode()) and number) == number
    pids = {os.read(begin, 20) for begin, _ in told}
    assert len(pids) == len(told)
    assert str(here).encode() not in pids
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGINT, signal.SIGCHLD} == set()


@pytest.mark.parametrize(("run", "said"), [(killed, f"{-signal.SIGKILL}"), (broken, f"{CRASHED}")])
def test_a_run_that_was_killed_or_could_not_say_how_it_ended_is_no_success(run, said) -> None:
    with pytest.raises(Crashed, match=f"of the run ended with {said}"):
        forked(run)


def test_an_interrupt_of_the_pool_reaches_the_run_which_ends_as_it_says() -> None:
    words = [sys.executable, "-c", INTERRUPTED]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as resident:
        assert resident.stdout
        assert resident.stdout.readline() == "at work\n"
        resident.send_signal(signal.SIGINT)
        assert resident.stdout.read() == "ended with 3\n"
