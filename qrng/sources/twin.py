"""`twin:MODEL`: what a generative model of a healthy source makes up, to rehearse alarms on without the device.

The model is a quantum circuit's (`qrng.quantum.born`), trained against a discriminator on a capture (`qrng health train
--kind gan`); its words come with the probabilities of the circuit, computed exactly. They are independent: the twin
shows the source's biases and the correlations within a word (a symbol, a shot of up to 10 lanes, or 8 bits in a row),
nothing that lasts longer. The randomness is the operating system's, or that of a seed. It has no claim.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from qrng import artefact
from qrng._native import wipe
from qrng.errors import ClosedError, FormatError, ParameterError, SourceError
from qrng.quantum import born
from qrng.samples import Samples
from qrng.source import Source
from qrng.sources.options import Options

__all__ = ["TwinSource", "open_spec"]


class TwinSource(Source):
    """A twin of the source whose capture its model was trained on.

    Args:
        path: a model of the kind `gan`.
        seed: makes the run repeatable, and the source marked so. None: the operating system's generator.

    Raises:
        SourceError: the file holds no such model.
    """

    simulated = True

    def __init__(self, path: str | os.PathLike[str], seed: int | None = None) -> None:
        if seed is not None and seed < 0:
            raise ParameterError("twin: the seed must not be negative")
        try:
            arrays, facts = artefact.read(path, Path(path).with_suffix(".json"), born.MODEL_SCHEMA)
            if facts["kind"] != "gan":
                raise ValueError(f"a model of the kind {facts['kind']} generates nothing; train one of the kind gan")
            self.bits_per_symbol, self.lanes = int(facts["bits_per_symbol"]), int(facts["lanes"])
            self._bits = born.word_bits(self.bits_per_symbol, self.lanes)
            self._below = np.cumsum(born.probabilities(self._bits, arrays["model.angles"]))
            self._trained_on = str(facts["capture"]["sha256"])
        except (FormatError, ValueError, KeyError, TypeError, IndexError) as error:
            raise SourceError(f"twin: {path} can't be used ({error})") from error
        self.reproducible = seed is not None
        self.spec = f"twin:{path}" + ("" if seed is None else f"?seed={seed}")
        self._bytes = os.urandom if seed is None else np.random.default_rng(seed).bytes
        self._restart()

    def _restart(self) -> None:
        self._rest: np.ndarray[Any, Any] | None = np.zeros(0, np.uint8)
        self._given = 0

    def _words(self, count: int) -> np.ndarray[Any, Any]:
        """Symbols of `count` fresh words."""
        raw = bytearray(self._bytes(8 * count))
        uniform = np.frombuffer(raw, np.uint64) * 2.0**-64
        word = np.minimum(np.searchsorted(self._below, uniform, side="right"), len(self._below) - 1)
        wipe(raw)
        if self.bits_per_symbol > 1:
            return word.astype(np.uint8 if self.bits_per_symbol <= 8 else np.uint32)
        place = 2 ** np.arange(self._bits)[::-1]
        return (word[:, None] // place % 2).astype(np.uint8).ravel()

    def read(self, count: int) -> Samples:
        """As in `Source`."""
        if self._rest is None:
            raise ClosedError(f"{self.spec}: is closed")
        if count < 1:
            raise ParameterError(f"at least one symbol is read, not {count}")
        a_word = 1 if self.bits_per_symbol > 1 else self._bits
        words = max(0, -(-(count - len(self._rest)) // a_word))
        symbols = np.concatenate([self._rest, self._words(words)]) if words else self._rest.copy()
        self._rest = symbols[count:].copy()
        samples = Samples.from_symbols(
            symbols[:count], self.bits_per_symbol, lanes=self.lanes, first=self._given, provenance=self.provenance()
        )
        wipe(symbols)
        self._given += count
        return samples

    def provenance(self) -> dict[str, Any]:
        """As in `Source`."""
        return {
            "source": "twin",
            "device": f"generative model of the capture with SHA-256 {self._trained_on}",
            "simulated": True,
            "reproducible": self.reproducible,
            "true_shot_order": True,
            "shot_noise": "the operating system's generator" if not self.reproducible else "a seeded generator",
        }

    def reopen(self) -> None:
        """As in `Source`."""
        super().reopen()
        self._restart()

    def close(self) -> None:
        """As in `Source`."""
        if self._rest is not None:
            wipe(self._rest)
        self._rest = None


def open_spec(target: str, options: Options) -> Source:
    """Open `twin:MODEL?seed=…`."""
    if not target:
        raise ParameterError("twin: needs a model, as in twin:model.npz (qrng health train --kind gan makes one)")
    return TwinSource(target, options.integer("seed"))
