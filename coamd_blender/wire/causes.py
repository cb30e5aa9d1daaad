"""What a program's last words mean to the person who reads them: the cause in plain words, and what to do about it.

Python, pip, the loader of libraries and the system say the same few things in many ways. A leaf: standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class Cause(NamedTuple):
    """Why a program failed, as the end of a sentence, and what to do."""

    reason: str
    remedy: str


MEMORY = Cause(
    "the memory did not suffice",
    "Close other programs, ask for fewer variants, or set the device to cpu; a limit of the account (ulimit -v) counts "
    "too",
)
_CAUSES = (
    (
        r"MemoryError|[Cc]annot allocate memory|out of memory|OutOfMemoryError|bad_alloc|failed to map segment|"
        r"DefaultCPUAllocator|[Pp]aging file is too small",
        MEMORY,
    ),
    (
        r"can't start new thread|Resource temporarily unavailable|Too many open files|pthread_create failed",
        Cause(
            "the account may start no more threads or open no more files",
            "Close other programs, or raise the limits (ulimit -u, ulimit -n)",
        ),
    ),
    (
        r"No space left on device|ENOSPC|not enough space on the disk|Disk quota exceeded",
        Cause("the disk is full", "Make room, then try again: it goes on where it stopped"),
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError|certificate verify failed",
        Cause(
            "the certificate of the package index is not trusted here, as behind a proxy that reads along",
            "Ask who runs the network for its certificate and set SSL_CERT_FILE to it, or install from a folder of "
            "wheels",
        ),
    ),
    (
        r"DO NOT MATCH THE HASHES|HashMismatch|Hashes are required",
        Cause(
            "a package is not the one that CoAMD was tested with, and was refused",
            "Try again; if it stays, somebody changes packages on their way to this machine",
        ),
    ),
    (
        r"ProxyError|Cannot connect to proxy|Proxy Authentication Required",
        Cause("the proxy refused the connection", "Check HTTPS_PROXY, or install from a folder of wheels"),
    ),
    (
        r"NameResolutionError|Name or service not known|Temporary failure in name resolution|getaddrinfo failed|"
        r"nodename nor servname|NewConnectionError|ConnectTimeout|Network is unreachable|Connection refused|"
        r"ReadTimeout|Connection reset|Remote end closed",
        Cause(
            "the package index cannot be reached",
            "Check the connection, then try again: it goes on where it stopped. Or install from a folder of wheels",
        ),
    ),
    (
        r"No matching distribution found|Could not find a version",
        Cause(
            "there is no package for this Python and this system there",
            "Choose another Python (3.11 to 3.13), or a folder of wheels that holds them all",
        ),
    ),
)


def cause(lines: Sequence[str]) -> Cause | None:
    """Return the cause that a program's ``lines`` tell of, None where they tell of none.

    Of several the first of the table counts: pip says "no matching distribution" after every failure of the network.
    """
    text = "\n".join(lines)
    return next((told for pattern, told in _CAUSES if re.search(pattern, text)), None)
