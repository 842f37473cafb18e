"""The C library's memory allocator, set up for a server."""

import ctypes

from framework.serving.settings import MEGABYTE

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
KEPT_BYTES = 32 * MEGABYTE


def keep_freed_memory() -> None:
    """Keep what large requests have freed for the next ones, up to 32 MB in each of its arenas.

    Left alone, glibc gives it back to the kernel at once and fetches it again page by page, which
    costs a body of 5 MB a fifth of its time. Other C libraries are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
