"""application/x-npy: one numpy array, rows first. Objects are refused, never unpickled."""

import io
import sys
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from framework.errors import RequestError
from framework.schema import InputSchema
from framework.table import Table

if TYPE_CHECKING:
    import numpy as np

MOST_DIMENSIONS = 32
FIRST_SURROGATE, LAST_SURROGATE = 0xD800, 0xDFFF


def read(body: bytes, parameters: Mapping[str, str], schema: InputSchema | None) -> Table:
    """Read the array after its header has been found harmless."""
    array = _array(body)
    if array.ndim == 0:
        array = array.reshape(1, 1)
    if array.ndim == 1:
        one_row = schema is not None and 1 < schema.width == len(array)
        array = array.reshape((1, -1) if one_row else (-1, 1))
    return Table(array.tolist() if array.dtype.kind == "U" else array)


def write(answers: list[Any]) -> bytes:
    """The answers as one array; those that differ in shape or are no numbers or texts cannot be."""
    import numpy as np

    try:
        array = np.array([np.nan if answer is None else answer for answer in answers])
    except ValueError:
        array = np.array(None)
    if array.dtype.kind not in "fiubU":
        raise RequestError(
            406,
            "The answers are no array of numbers or texts, so application/x-npy cannot carry "
            "them. Accept application/json.",
        )
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=False)
    return file.getvalue()


def _array(body: bytes) -> "np.ndarray":
    import numpy as np

    file = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = read_header(file)
    except Exception:
        raise RequestError(
            400, "The body is no npy array: its header cannot be read. Write it with numpy.save."
        ) from None
    if dtype.hasobject:
        raise RequestError(400, "The npy array holds pickled objects, which are never loaded.")
    if dtype.kind not in "fiubU" or dtype.itemsize == 0:
        raise RequestError(
            400,
            f"An npy array of {dtype.name:.40} cannot be rows. Send numbers, booleans or texts.",
        )
    if len(shape) > MOST_DIMENSIONS or any(length < 0 for length in shape):
        raise RequestError(400, "The npy header declares a shape that no array can have.")
    promised, found = prod(shape) * dtype.itemsize, len(body) - file.tell()
    if promised != found:
        raise RequestError(
            400, f"The npy header promises {promised} bytes of values, but {found} follow."
        )
    array = np.frombuffer(body[file.tell() :], dtype=dtype)
    if dtype.kind == "U":
        _check_unicode(array)
    return array.reshape(shape, order="F" if fortran else "C")


def _check_unicode(array: "np.ndarray") -> None:
    """Refuse what is no Unicode before numpy makes texts of it, which it does unchecked."""
    import numpy as np

    points = array.view(np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
    surrogates = (points >= FIRST_SURROGATE) & (points <= LAST_SURROGATE)
    if (surrogates | (points > sys.maxunicode)).any():
        raise RequestError(400, "The npy array holds texts that are not Unicode.")
