"""The random bit generator: noise source → health gate → extractor → pool → bytes (after NIST SP 800-90C).

Fails closed: an alarm, an error of the source or a spent error budget wipes what is pending and raises; nothing
resumes by itself, nothing is replaced, nothing is padded.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from operator import index
from types import TracebackType
from typing import Any, NoReturn, Self

import numpy as np

from qrng import bits
from qrng._native import kernel_name, wipe
from qrng.admission import claim_for, refuse_unless_ok, warn_if_simulated
from qrng.claim import EntropyClaim
from qrng.errors import ClosedError, HealthAlarm, HealthFailure, ParameterError, ReentryError, SourceError
from qrng.extractors import extractor_class
from qrng.health.gate import DEFAULT_QUARANTINE, Gate
from qrng.health.scan import scan
from qrng.pool import SMALL, Pool
from qrng.samples import Samples
from qrng.source import Source

__all__ = ["RandomBitGenerator"]

DEFAULT_BLOCK = 1 << 16
"""Raw bits a block."""
DEFAULT_LOG2_ERROR = -64
"""log2 of the total trace distance from uniform over the generator's life."""
BLOCK_BUDGET = 1 << 32
"""Blocks over which that error is split."""
_BATCH = 16  # blocks read at a time when much is asked for


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

    Finite sources that can be read twice are health-tested whole before the first byte is given; at their end
    reading raises SourceExhausted. Safe for threads: one lock, and no raw bit feeds two outputs. After a fork the
    child drops everything pending, draws a new seed and reopens a live source; finite sources raise there.

    Raises:
        EntropyError: no claim is given and the source has none.
        ParameterError: the claim leaves nothing to extract at this error and block size.
        SourceError: the source is reproducible and that was not allowed.
        HealthAlarm, HealthFailure: a finite source failed its health tests.
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
    ) -> None:
        if source.reproducible and not allow_reproducible:
            raise SourceError(
                f"{source.spec}: the same raw bits can come again, so the output could be known to others; pass "
                "allow_reproducible=True (or replay=True for a capture) if that is what you want"
            )
        self._source = source
        self._pure = pure
        self._claim = claim_for(source, claim)
        round_bits = source.bits_per_symbol * source.lanes
        block = block_bits // round_bits * round_bits
        if block <= 0:
            raise ParameterError(
                f"a block of {block_bits} bits holds no whole round of {round_bits} bits over all lanes"
            )
        self._extractor = extractor_class(extractor).plan(
            block, min_entropy=self._claim, log2_error=log2_error, blocks=BLOCK_BUDGET
        )
        self._seed = self._draw_seed()
        self._block = block
        self._quarantine = quarantine
        self._gate: Gate | None = self._open_gate()
        self._raw = np.zeros(
            bits.bytes_for(block * (_BATCH + 1) + quarantine + 64), np.uint8
        )  # released, not extracted
        self._raw_bits = 0
        self._pool = Pool(pure)
        self._delivered = 0
        self._busy = False  # seen True with the lock held: code that interrupted a read in this very thread
        self._stopped: tuple[type[HealthAlarm] | type[HealthFailure], str] | None = None
        self._broken: str | None = None  # why this object can't go on in this process
        self._closed = False
        self._lock = threading.RLock()
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
                self._busy = True
                try:
                    small = self._pool.take_small(n)
                finally:
                    self._busy = False
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
        except BaseException:
            if len(view):
                wipe(view)
            raise
        return len(view)

    def _fill(self, view: memoryview) -> None:
        self._check_usable()
        at = 0
        while at < len(view):
            if not self._pool.left:
                self._refill(len(view) - at)
            at += self._pool.take_into(view[at:])

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The lock, for one thing at a time even where a signal handler or destructor comes between."""
        with self._lock:
            if self._busy:
                raise ReentryError(
                    "this generator was called from a signal handler or destructor that interrupted a call of it"
                )
            self._busy = True
            try:
                yield
            finally:
                self._busy = False

    def _check_usable(self) -> None:
        if self._closed:
            raise ClosedError("this generator was closed")
        if self._broken:
            raise SourceError(self._broken)
        if self._stopped:
            kind, why = self._stopped
            raise kind(why)

    # -- the way from raw bits to the pool ------------------------------------------------------------------------

    def _refill(self, wanted: int) -> None:
        """Put at least one block's output into the empty pool."""
        blocks = min(_BATCH, -(-8 * wanted // self._extractor.m))
        count = -(-blocks * self._block // self._source.bits_per_symbol)
        while self._raw_bits < self._block:
            for released in self._admit(self._source.read(count)):
                self._append(released)
        whole = self._raw_bits // self._block
        raw = self._raw[: bits.bytes_for(whole * self._block)]
        out = self._extractor.extract_blocks(raw, self._seed, blocks=whole)
        del out[whole * self._extractor.m // 8 :]  # a last byte that is partly padding is not delivered
        rest = self._raw_bits - whole * self._block
        tail = bits.extract(self._raw, whole * self._block, rest)
        self._raw_bits = 0  # before the wipe: should a signal's exception come between, no zeros pass for raw bits
        wipe(self._raw)
        bits.copy(self._raw, 0, tail, 0, rest)
        if rest:
            wipe(tail)
        self._raw_bits = rest
        self._pool.fill(out)

    def _admit(self, samples: Samples) -> list[Samples]:
        if self._gate is None:  # a finite source whose every symbol was tested before the first use
            return [samples]
        try:
            return self._gate.push(samples)
        except (HealthAlarm, HealthFailure) as alarm:
            self._drop_pending()
            self._stopped = (type(alarm), str(alarm))
            raise

    def _append(self, released: Samples) -> None:
        end = self._raw_bits + released.bit_length
        if bits.bytes_for(end) > len(self._raw):
            larger = np.zeros(2 * bits.bytes_for(end), np.uint8)
            larger[: len(self._raw)] = self._raw
            wipe(self._raw)
            self._raw = larger
        bits.copy(self._raw, self._raw_bits, released.packed, 0, released.bit_length)
        self._raw_bits = end
        released.wipe()

    def _open_gate(self) -> Gate | None:
        """A gate for a live source; None for a capture that passed its health tests whole, which it must."""
        source = self._source
        chunks = source.whole()
        if chunks is None:
            return Gate(source.bits_per_symbol, source.lanes, self._claim.every_symbol, quarantine=self._quarantine)
        refuse_unless_ok(
            scan(
                chunks,
                claim=self._claim.every_symbol,
                bits_per_symbol=source.bits_per_symbol,
                lanes=source.lanes,
            ),
            source.spec,
        )
        return None

    def _draw_seed(self) -> Any:
        seed = bytearray(os.urandom(self._extractor.seed_bytes))
        try:
            return self._extractor.prepare(seed)
        finally:
            wipe(seed)

    def _drop_pending(self) -> None:
        self._raw_bits = 0
        wipe(self._raw)
        self._pool.wipe()

    # -- what it says of itself -----------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """JSON-ready state: health, bytes delivered and pooled, blocks spent of the error budget."""
        with self._lock:
            if self._closed:
                health: dict[str, Any] = {"state": "CLOSED"}
            elif self._gate is None:
                health = {"state": "OK", "tested": "whole capture before the first use"}
            else:
                health = self._gate.status()
            return {
                "health": health,
                "delivered_bytes": self._delivered,
                "pool_bytes": self._pool.left,
                "blocks_used": BLOCK_BUDGET - self._extractor.blocks_left,
                "blocks_allowed": BLOCK_BUDGET,
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
            "claim": self._claim.as_dict(),
            "extractor": self._extractor.planned.as_dict(),
            "extractor_seed": "operating system, one for the life of this generator",
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
            if self._closed or self._broken:
                self._check_usable()
            if self._gate is not None:
                self._gate.restart()
            self._drop_pending()
            self._stopped = None

    def close(self) -> None:
        """Wipe everything held and close the source. Raises ReentryError as `readinto` does."""
        with self._turn():
            if self._closed:
                return
            self._closed = True
            self._drop_pending()
            self._seed.close()
            if self._gate is not None:
                self._gate.close()
            self._source.close()

    def _after_fork_in_child(self) -> None:
        self._lock = threading.RLock()  # the old one may be held by a thread that this process doesn't have
        self._busy = False
        if self._closed:
            return
        self._drop_pending()
        try:
            self._source.reopen()
            if self._gate is not None and self._stopped is None:
                self._gate.close()
                self._gate = self._open_gate()
            self._seed.close()
            self._seed = self._draw_seed()
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
