"""How many instructions each piece of work needs at the least, by the method that the C core takes for it, and how many
the processor does in a second.

The method is not asked for but found again: its shape must give the bytes of state or scratch that the C core asks for,
or there is an error, so that these counts can't drift from the code.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from qrng._native import lib

HERE = Path(__file__).parent
ALIGN, HEADER, FFT_WORK = 64, 64, 512 + 32 + 48
CLMUL_A_POINT = 2 / 8  # a product in GF(2^64): two instructions for eight


def measure() -> dict[str, float]:
    """Instructions or bytes a second; empty where no compiler or no AVX-512 is."""
    compiler = shutil.which("cc")
    if not compiler:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "bounds"
        subprocess.run([compiler, "-O2", "-o", program, HERE / "bounds.c"], check=True)
        done = subprocess.run([program], capture_output=True, text=True, check=False)
    return {name: float(figure) for name, figure in (line.split() for line in done.stdout.splitlines())}


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


def gfni(n: int, m: int) -> float:
    """GF2P8AFFINEQB for a block: base^2 in each of 3^levels leaves of each tile, for 64 blocks at once."""
    xs, ys, best = _ceil(n, 8), _ceil(m, 8), None
    for base in range(4, 9):
        cost, levels = 4 + 0.5 * base * base, 0
        while True:
            side = base << levels
            tiles = _ceil(xs, side) * _ceil(ys, side)
            if best is None or tiles * cost < best[0]:
                best = (tiles * cost, side, tiles * 3**levels * base * base / 64)
            if side >= min(xs, ys):
                break
            cost, levels = 3 * cost + 2.5 * side, levels + 1
    return best[2]


def _room(log_size: int) -> int:
    below = next(j for j in range(log_size - 1, -1, -1) if log_size & j == j)
    return (1 << log_size) - (1 << below) - 1


def fft(n: int, m: int, state_bytes: int) -> float:
    """VPCLMULQDQ for a block: butterflies of all transforms, and pointwise products."""
    xs, ys = _ceil(n, 32), _ceil(m, 32)
    for log_size in range(9, 23):
        size = 1 << log_size
        shapes = [(1, xs, ys)] if xs + ys <= _room(log_size) else []
        for a, b in ((1, 1), (2, 1), (3, 1), (1, 2), (3, 2)):
            unit = _room(log_size) // (a + b)
            shapes.append((unit, a * unit, b * unit))
        for unit, x, y in shapes:
            cols, rows = _ceil(xs, x), _ceil(ys, y)
            tiles = (cols - 1) * (x // unit) + (rows - 1) * (y // unit) + 1
            if ALIGN + HEADER + 8 * (tiles * size + FFT_WORK) == state_bytes:
                half = 1 if 2 * x <= size else 0  # the first round of zeros costs nothing
                rounds = cols * (log_size - half) + rows * log_size
                return (rounds * size / 2 + rows * cols * size) * CLMUL_A_POINT
    raise AssertionError(f"no transform for {n} -> {m} takes {state_bytes} bytes of state: bounds.py is out of date")


def _digits(count: int) -> int:
    """Products of digits in Karatsuba's method over so many."""
    if count == 1:
        return 1
    half = (count + 1) // 2
    return 2 * _digits(half) + _digits(count - half)


def product(words: int) -> float:
    """VPCLMULQDQ for a product of two factors of a whole number of digits."""
    wanted = lib.qrng_gf2_scratch_bytes(words, words)
    work, digits = 28 * 4 * 8, words // 64
    while digits > 1:
        digits = (digits + 1) // 2
        work += 4 * 64 * digits
    if wanted == ALIGN + 8 * (4 * words + work):
        return _digits(words // 64) * 7 * 27  # 27 leaves, four at a time, 27 instructions for each four
    for log_size in range(9, 23):
        size = 1 << log_size
        count = 1 if words <= size // 4 else _ceil(words, size // 4)
        if wanted == ALIGN + 8 * ((2 * count + 1) * size + FFT_WORK):
            rounds = 2 * count * (log_size - 1) + (2 * count - 1) * log_size
            return (rounds * size / 2 + count * count * size) * CLMUL_A_POINT
    raise AssertionError(f"no way to {words} words takes {wanted} bytes of scratch: bounds.py is out of date")


def trevisan(n: int, l: int) -> float:  # noqa: E741
    """VPCLMULQDQ for an output bit: a step of Horner's rule for each chunk, four 64-bit products an instruction."""
    words = _ceil(l, 64)
    return _ceil(n, l) * (words * words + words + 1) / 4
