"""`qrng sts`: the `nist-sts` command."""

from nist_sts.command import command

__all__ = ["command"]
