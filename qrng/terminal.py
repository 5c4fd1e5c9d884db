"""What the two command lines (`qrng`, `nist-sts`) share: exit codes, one-line errors, progress on stderr.

Imported by command modules only; rich is imported when a progress bar is really shown.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import click

from qrng.entry import INTERRUPTED
from qrng.errors import QrngError

__all__ = ["EXIT_DATA_FAILS", "EXIT_HEALTH", "print_json", "progress", "run"]

EXIT_DATA_FAILS = 3
"""The data fail, an alarm in a scanned file, or entropy below the claim."""
EXIT_HEALTH = 4
"""A health failure stopped output, or the state is FAILED."""

_FAILS_A_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_PROGRESS_AFTER = 1.0  # seconds: shorter work shows nothing


def print_json(value: Any) -> None:
    """Write one JSON object to stdout; NaN and infinities, which JSON lacks, are an error."""
    import json

    click.echo(json.dumps(value, indent=2, allow_nan=False))


def run(command: click.Command, name: str) -> NoReturn:
    """Run a command and leave the process with its exit code; every expected error is one line on stderr.

    SIGTERM and SIGHUP end it as an interrupt does, so that buffers are wiped and no half-written file stays; the
    process then dies of the signal. A second one does so at once.
    """
    _complete(command, name)
    _streams(name)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # else somebody has it ignored, such as nohup
            signal.signal(number, _end)
    try:
        # Not command.main(), which ends with 1 when the reader of stdout has closed it.
        with command.make_context(name, sys.argv[1:]) as context:
            result = command.invoke(context)
        sys.stdout.flush()
        code = result if isinstance(result, int) else 0
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo(f"{name}: interrupted", err=True)
        code = INTERRUPTED
    except _EndedError as ended:
        os.kill(os.getpid(), ended.number)  # by the handler the default again: whoever waits sees what it died of
        code = 128 + ended.number
    except QrngError as error:
        click.echo(f"{name}: {error}", err=True)
        code = error.exit_code
    except BrokenPipeError:
        code = 0  # the reader had enough: the normal end of a stream
    except OSError as error:
        unnamed = "stdout: " if error.errno in _FAILS_A_WRITE else ""  # what writes a file names it
        where = f"{error.filename}: " if error.filename else unnamed
        click.echo(f"{name}: {where}{error.strerror or error}", err=True)
        code = 1
    except MemoryError:
        click.echo(f"{name}: not enough memory", err=True)
        code = 1
    leave(code)


class _EndedError(BaseException):
    """A signal asked the process to end; no Exception, which somebody might catch and go on."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _end(number: int, frame: object) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    raise _EndedError(number)


def _streams(name: str) -> None:
    """Put something in the place of standard streams that are closed: a file opened later must not become one."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open()  # noqa: SIM115 - for as long as the process lasts
    closed = sys.stdout is None
    if closed:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    if closed:
        click.echo(f"{name}: stdout is closed; send it to /dev/null if what is printed is of no use to you", err=True)
        sys.exit(1)


def _complete(command: click.Command, name: str) -> None:
    """Answer a shell that asks for completions, as click does for _NAME_COMPLETE, and leave."""
    variable = f"_{name}_COMPLETE".replace("-", "_").upper()
    instruction = os.environ.get(variable)
    if instruction:
        from click.shell_completion import shell_complete

        sys.exit(shell_complete(command, {}, name, variable, instruction))


def leave(code: int) -> NoReturn:
    """Exit without a second attempt to flush a stdout that failed."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError) and code == 0:
            click.echo(f"stdout: {error.strerror}", err=True)
            code = 1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


@contextlib.contextmanager
def progress(what: str, total: int | None, unit: str = "B") -> Iterator[Callable[[int], None]]:
    """Yield `advance(n)`: a progress bar on stderr, if that is a terminal and the work lasts over a second.

    Args:
        what: a few words naming the work.
        total: amount of work, or None if it isn't known.
        unit: "B" shows binary byte prefixes; anything else is counted and named.
    """
    if not sys.stderr.isatty():
        yield lambda n: None
        return
    started, done, bar = time.monotonic(), 0, None

    def advance(n: int) -> None:
        nonlocal done, bar
        done += n
        if bar is None and time.monotonic() - started > _PROGRESS_AFTER:
            bar = _bar(what, total, unit)
            bar.start()
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()


def _bar(what: str, total: int | None, unit: str) -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    text, rest = TextColumn("{task.description}"), TimeRemainingColumn()
    if unit == "B":
        bar = Progress(text, BarColumn(), DownloadColumn(), TransferSpeedColumn(), rest, console=Console(stderr=True))
    else:
        bar = Progress(text, BarColumn(), MofNCompleteColumn(), TextColumn(unit), rest, console=Console(stderr=True))
    bar.add_task(what, total=total)
    return bar
