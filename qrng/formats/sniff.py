"""Which layout a capture has: magic first, then what its bytes are made of.

npy, zip, HDF5, PTU, JSON and our container are known by their first bytes; then only "0", "1" and white space is
ascii; then all bytes at most 1 is one symbol a byte, as the NIST tool reads; then digits with separators is csv;
everything else is packed, most significant bit first. ADC samples can't be told from packed bits, nor time tags from
other numbers: their layout must be given.
"""

from __future__ import annotations

from qrng import container
from qrng.formats import ptu
from qrng.formats.stream import GZIP_MAGIC, ZSTD_MAGIC, Stream

__all__ = ["sniff"]

_HEAD = 4096
_PIPE = 1 << 20  # how far a pipe, which can't be rewound, is looked into
_WHITE = b" \t\r\n\f\v"
_ASCII = b"01" + _WHITE
_TEXT = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_MAGIC = (
    (b"\x93NUMPY", "npy"),
    (b"PK\x03\x04", "npz"),
    (b"PK\x05\x06", "npz"),
    (container.MAGIC, "qrng"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (ptu.MAGIC, "ptu"),
)


def sniff(stream: Stream) -> str:
    """Name of the layout of `stream`, which is left at its start.

    A stream that can be read again is looked at whole (as far as needed to decide); of a pipe the first 1 MiB
    decides, and what contradicts it later is an error then.

    Raises:
        FormatError: the content is empty, or compressed twice.
    """
    head = stream.peek(_HEAD)
    if not head:
        raise stream.fail("nothing is left after decompression, expected a capture")
    for magic, layout in _MAGIC:
        if head.startswith(magic):
            return layout
    if head.startswith((GZIP_MAGIC, ZSTD_MAGIC)):
        raise stream.fail("compressed twice; take one layer off")
    if head.lstrip(_WHITE)[:1] in (b"[", b"{") and not head.translate(None, _TEXT):
        return "json"
    layout = _by_content(stream)
    if layout == "packed-msb" and not head.translate(None, b"0123456789,;" + _WHITE) and head.strip(b"0123456789"):
        return "csv"
    return layout


def _by_content(stream: Stream) -> str:
    ascii_so_far = symbols_so_far = True
    while block := (stream.read(_PIPE) if stream.restartable else stream.peek(_PIPE)):
        ascii_so_far = ascii_so_far and not block.translate(None, _ASCII)
        symbols_so_far = symbols_so_far and not block.translate(None, b"\0\1")
        if not stream.restartable or not (ascii_so_far or symbols_so_far):
            break
    if stream.restartable:
        stream.rewind()
    return "ascii" if ascii_so_far else "symbols" if symbols_so_far else "packed-msb"
