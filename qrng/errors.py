"""Every error that this package raises, and the exit code that the commands end with for each."""

from __future__ import annotations


class QrngError(Exception):
    """Base of all errors of this package. No message ever holds raw bits, seeds, output or tokens."""

    exit_code = 1


class ParameterError(QrngError, ValueError):
    """An argument outside its documented range, or a combination that can't work; the message says what would."""

    exit_code = 2


class FormatError(QrngError, ValueError):
    """Input that does not parse: the message names the file, the offset and what was expected there."""


class MissingExtraError(QrngError, ImportError):
    """An optional dependency is absent; the message is one line that names the extra to install."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional dependency: pip install 'qrng-toolkit[{extra}]'")


class EntropyError(QrngError):
    """The data do not carry the entropy that was claimed, or no claim is known."""

    exit_code = 3


class SourceError(QrngError):
    """A noise source can't be opened, read or used for this purpose."""

    exit_code = 5


class SourceExhausted(SourceError):
    """A finite source has no symbols left. Each raw bit is used once; nothing wraps."""


class HealthError(QrngError):
    """A health test stopped output."""

    exit_code = 4


class HealthAlarm(HealthError):
    """An alarm: output has stopped and everything pending was wiped. Nothing resumes without `restart()`."""


class HealthFailure(HealthError):
    """The generator is FAILED for good; only a new instance, after the source was looked at, clears it."""


class BudgetError(QrngError):
    """The error budget of an extractor or generator is spent; more output would exceed the ε that was promised."""


class ClosedError(QrngError):
    """The object was closed; its buffers are wiped."""


class ReentryError(QrngError):
    """A signal handler or destructor called the very object whose call it interrupted; what was interrupted goes on."""


class NoStateError(QrngError, NotImplementedError):
    """There is no state to seed, save, restore or hand out; the standard library's SystemRandom raises the base too."""
