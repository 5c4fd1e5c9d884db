"""The random bit generator: noise source → health gate → extractor → pool → bytes (after NIST SP 800-90C).

Fails closed: an alarm, an error of the source or a spent error budget wipes what is pending and raises; nothing
resumes by itself, nothing is replaced, nothing is padded.
"""

from __future__ import annotations

import atexit
import os
import threading
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from operator import index
from types import TracebackType
from typing import Any, NoReturn, Self

from qrng._native import kernel_name, wipe
from qrng.admission import claim_for, warn_if_simulated
from qrng.claim import EntropyClaim
from qrng.errors import ClosedError, HealthAlarm, HealthFailure, ParameterError, ReentryError, SourceError
from qrng.health.base import Alarm
from qrng.health.beside import Beside
from qrng.health.gate import DEFAULT_QUARANTINE
from qrng.pool import SMALL, Pool
from qrng.rawpath import LaneDropped, RawPath
from qrng.source import Source

__all__ = ["LaneDroppedWarning", "RandomBitGenerator"]

DEFAULT_BLOCK = 1 << 16
"""Raw bits a block."""
DEFAULT_LOG2_ERROR = -64
"""log2 of the total trace distance from uniform over the generator's life."""


class LaneDroppedWarning(UserWarning):
    """A lane alarmed and was left out, as `drop_lanes` allows. Given where there is no `on_alarm` to tell."""


class RandomBitGenerator:
    """Random bytes from a noise source, with a stated distance from uniform.

    Args:
        source: the noise source; the generator closes it at its own end.
        claim: min-entropy of the raw symbols: an `EntropyClaim`, or a number of bits a symbol that you vouch for.
            Default: what the source computes from its physics. With none of these the generator refuses.
        extractor: name of a seeded extractor that can plan for a claim.
        log2_error: log2 of the total trace distance from uniform, seed included, over the whole life of this
            object: it is split over 2**32 blocks, and block 2**32 + 1 is refused.
        block_bits: raw bits a block, rounded down to whole symbols of every lane.
        quarantine: raw bits that must follow a block without an alarm before it reaches the extractor.
        pure: give the extractor's output as it is. By default each delivery is XORed with as many bytes of the
            operating system (cf. the XOR construction of SP 800-90C), so that a wrong claim can't make it weaker
            than those. Certificates that recompute output, and tests of a source's quality, use pure.
        allow_reproducible: accept a source whose symbols can come again (seeded simulator, replayed capture).
        allowance: whether what a weak bias may hide in a block (`qrng.health.allowance`) is taken off the claim
            before the output length is computed; None: for blocks of 2**16 bits and more. Without it output is
            longer, and an undetected bias goes at the cost of the stated distance from uniform.
        drop_lanes: how many lanes may be left out, one by one, when their own tests alarm. Everything on its way is
            wiped then, the buffer being filled too, and the rest is tested and planned for as a stream of its own:
            start-up, quarantine, a claim that counts a lost lane at its full width, a new seed.
        models: files of `qrng health train`, to be run beside the health tests; their bound on false alarms assumes
            more than the claim. Not together with `drop_lanes`.
        side_data: names of what is recorded beside one-bit symbols, to be tested with them: a live source has to bring
            them (`Source.side_names`), a capture to hold them.
        every_bit: let the mixing of contexts and the coupling of lanes watch every bit of one-bit symbols, not 4096 in
            2^21, for a twentieth of the speed (`qrng.health`).
        on_alarm: told each alarm once, after everything pending is wiped and outside the lock. If it raises, the
            generator is FAILED.

    Finite sources that can be read twice are health-tested whole before the first byte is given; at their end
    reading raises SourceExhausted. Safe for threads: one lock, and no raw bit feeds two outputs. After a fork the
    child drops everything pending, draws a new seed and reopens a live source; finite sources raise there.

    Raises:
        EntropyError: no claim is given and the source has none.
        ParameterError: the claim leaves nothing to extract at this error and block size.
        SourceError: the source is reproducible and that was not allowed.
        HealthAlarm, HealthFailure: a finite source failed its health tests, or a model is missing, altered or for
            another stream.
    """

    def __init__(
        self,
        source: Source,
        *,
        claim: EntropyClaim | float | None = None,
        extractor: str = "toeplitz",
        log2_error: float = DEFAULT_LOG2_ERROR,
        block_bits: int = DEFAULT_BLOCK,
        quarantine: int = DEFAULT_QUARANTINE,
        pure: bool = False,
        allow_reproducible: bool = False,
        allowance: bool | None = None,
        drop_lanes: int = 0,
        models: Iterable[str | os.PathLike[str]] = (),
        side_data: Iterable[str] = (),
        every_bit: bool = False,
        on_alarm: Callable[[Alarm], object] | None = None,
    ) -> None:
        if source.reproducible and not allow_reproducible:
            raise SourceError(
                f"{source.spec}: the same raw bits can come again, so the output could be known to others; pass "
                "allow_reproducible=True (or replay=True for a capture) if that is what you want"
            )
        self._source = source
        self._pure = pure
        self._claim = claim_for(source, claim)
        self._on_alarm = on_alarm
        self._untold: deque[Alarm] = deque()
        self._pool = Pool(pure)
        self._delivered = 0
        self._busy = 0  # seen with the lock held: code that interrupted a call in this very thread, whose number it is
        self._stopped: tuple[type[HealthAlarm] | type[HealthFailure], str] | None = None
        self._failed = False  # stopped for good, and not by the gate alone
        self._broken: str | None = None  # why this object can't go on in this process
        self._lock = threading.RLock()
        self._path = RawPath(
            source,
            self._claim,
            extractor=extractor,
            log2_error=log2_error,
            block_bits=block_bits,
            quarantine=quarantine,
            allowance=allowance,
            drop_lanes=drop_lanes,
            beside=Beside.of(models, side_data, every_bit, drop_lanes),
            untold=self._untold,
        )
        try:
            self._path.begin()
        finally:
            self._tell()
        self._closed = False
        _alive.add(self)
        warn_if_simulated(source)

    # -- reading ------------------------------------------------------------------------------------------------

    def random_bytes(self, n: int) -> bytes:
        """`n` random bytes. They can't be wiped once returned: use `readinto` for that.

        Raises: as `readinto`.
        """
        n = index(n)
        with self._lock:
            # The short way from a warm pool; whatever stands against it is told apart by the long one.
            if 0 < n <= SMALL and n <= self._pool.left and not (self._busy or self._stopped):
                self._busy = threading.get_ident()
                try:
                    small = self._pool.take_small(n)
                finally:
                    self._busy = 0
                self._delivered += n
                return small
        if n < 0:
            raise ParameterError(f"can't give {n} bytes")
        out = bytearray(n)
        try:
            self.readinto(out)
            return bytes(out)
        finally:
            wipe(out)

    def readinto(self, buffer: Any) -> int:
        """Fill a writable buffer with random bytes; returns their number. On any error the buffer is wiped.

        Raises:
            HealthAlarm: the gate stopped output; `restart()` tries again with fresh detectors.
            HealthFailure: FAILED for good.
            SourceExhausted: a finite source has too few raw bits left for what was asked.
            SourceError: the source failed.
            BudgetError: the error budget is spent.
            ClosedError: this generator was closed.
            ReentryError: called from a signal handler that interrupted a read of this generator.
        """
        view = memoryview(buffer).cast("B")
        if view.readonly:
            raise ParameterError("the buffer to fill is read-only")
        try:
            with self._turn():
                self._fill(view)
                self._delivered += len(view)
            self._tell()
        except BaseException as error:
            if len(view):
                wipe(view)
            if not isinstance(error, ReentryError):
                self._tell()
            raise
        return len(view)

    def _tell(self) -> None:
        """Say of each alarm that there was one; where that raises the generator is FAILED."""
        while self._untold:
            alarm = self._untold.popleft()
            try:
                if self._on_alarm is not None:
                    self._on_alarm(alarm)
                elif alarm in self._path.dropped:
                    said = f"{alarm.test} alarmed at sample {alarm.at_sample}: lane {alarm.lane} is left out"
                    warnings.warn(f"{self._source.spec}: {said}", LaneDroppedWarning, stacklevel=4)
            except BaseException as error:
                why = f"FAILED: telling of an alarm raised {type(error).__name__}; only a new instance starts again"
                with self._turn():
                    self._failed, self._stopped = True, (HealthFailure, why)
                    self._pool.wipe()
                    self._path.fail(why)
                if isinstance(error, Exception):
                    raise HealthFailure(why) from error
                raise

    def _fill(self, view: memoryview) -> None:
        self._check_usable()
        at = 0
        while at < len(view):
            if not self._pool.left:
                try:
                    out = self._path.refill(len(view) - at)
                except LaneDropped:
                    wipe(view)
                    at = 0
                    continue
                except (HealthAlarm, HealthFailure) as error:
                    self._stopped = (type(error), str(error))
                    raise
                if self._broken:  # forked meanwhile: the parent has these bytes, too
                    wipe(out)
                    self._check_usable()
                self._pool.fill(out)
            at += self._pool.take_into(view[at:])
        if self._broken:
            self._check_usable()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The lock, for one thing at a time even where a signal handler or destructor comes between."""
        with self._lock:
            if self._busy:
                raise ReentryError(
                    "this generator was called from a signal handler or destructor that interrupted a call of it"
                )
            self._busy = threading.get_ident()
            try:
                yield
            finally:
                self._busy = 0

    def _check_usable(self) -> None:
        if self._closed:
            raise ClosedError("this generator was closed")
        if self._broken:
            raise SourceError(self._broken)
        if self._stopped:
            kind, why = self._stopped
            raise kind(why)

    # -- what it says of itself -----------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """JSON-ready state: health, bytes delivered and pooled, blocks spent of the error budget."""
        with self._lock:
            if self._closed:
                health: dict[str, Any] = {"state": "CLOSED"}
            else:
                health = self._path.health()
            facts = self._path.as_dict()
            return {
                "health": health,
                "delivered_bytes": self._delivered,
                "pool_bytes": self._pool.left,
                "blocks_used": self._path.blocks_used,
                "blocks_allowed": self._path.blocks_allowed,
                "allowance": facts["allowance"],
                "dropped_lanes": facts["dropped_lanes"],
                "simulated": self._source.simulated,
                "reproducible": self._source.reproducible,
            }

    def provenance(self) -> dict[str, Any]:
        """JSON-ready facts on where the bytes come from and what is claimed of them."""
        import qrng

        return {
            "qrng": qrng.__version__,
            "source": self._source.provenance(),
            "simulated": self._source.simulated,
            "reproducible": self._source.reproducible,
            **self._path.as_dict(),
            "extractor_seed": "operating system, one for the life of this generator and set of lanes",
            "mixing": "none (pure)" if self._pure else "XOR with operating-system bytes on delivery",
            "kernel": kernel_name(),
        }

    # -- life -----------------------------------------------------------------------------------------------------

    def restart(self) -> None:
        """After an alarm: fresh detectors, same parameters, start-up tests again, quarantine refilled.

        Raises:
            HealthFailure: the generator is FAILED; only a new one, after the source was looked at, clears that.
        """
        with self._turn():
            if self._closed or self._broken or self._failed:
                self._check_usable()
            self._pool.wipe()
            self._path.restart()
            self._stopped = None

    def close(self) -> None:
        """Wipe everything held and close the source. Raises ReentryError as `readinto` does."""
        with self._turn():
            if self._closed:
                return
            self._closed = True
            self._pool.wipe()
            self._path.close()

    def _after_fork_in_child(self) -> None:
        self._lock = threading.RLock()  # the old one may be held by a thread that this process doesn't have
        interrupted, self._busy = self._busy == threading.get_ident(), 0
        if self._closed:
            return
        self._pool.wipe()
        self._path.wipe()
        if interrupted:  # by the source, a health plug-in or a signal handler: parent and child hold the same raw bits
            self._broken = "this process was forked in the middle of a call of this generator: make a new one here"
            self._path.fail(self._broken)
            return
        try:
            self._path.reopen(self._stopped is not None)
        except Exception as error:  # noqa: BLE001 - whatever it is, this process gets no bytes from here
            self._broken = f"after a fork: {error}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self.close()

    def __repr__(self) -> str:
        return f"<RandomBitGenerator on {self._source.spec}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a random bit generator can't be pickled or copied: two would give the same bytes")

    def __copy__(self) -> NoReturn:
        self.__reduce__()

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__reduce__()


_alive: weakref.WeakSet[RandomBitGenerator] = weakref.WeakSet()


def _reopen_all() -> None:
    for generator in list(_alive):
        generator._after_fork_in_child()


os.register_at_fork(after_in_child=_reopen_all)


@atexit.register
def _close_all() -> None:
    """Wipe at the interpreter's end, while the C core is still there; not what a daemon thread is reading."""
    for generator in list(_alive):
        if generator._lock.acquire(blocking=False):
            generator.close()
            generator._lock.release()
