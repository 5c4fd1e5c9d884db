"""What test_parallel.py has other processes do: they must be able to import it."""

import os
import signal
import time


def square(n):
    return n * n


def square_in_a_while(task):
    """Say in a file who works on it, and take long enough to be killed."""
    n, folder = task
    mark = folder / f"{n}-{os.getpid()}"
    mark.write_text(str(os.getpid()))
    time.sleep(0.3)
    return n * n


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def fail(n):
    raise ValueError(f"piece {n}")
