"""What a detector stored to what a screen shows: modality LUT, then VOI LUT or window, then MONOCHROME1 inverted.

In: stored integers of 8 or 16 bits and their DICOM header. Out: 16 bits with a dark background. The order matters: a
window is written for the values before inversion. All arithmetic is done once for each value that the bits can hold,
which is a table of 65,536 at most; the pixels are then looked up in it.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Stored = NDArray[np.uint8] | NDArray[np.int8] | NDArray[np.uint16] | NDArray[np.int16]
Values = NDArray[np.float64]


def displayed(stored: Stored, header: Any) -> NDArray[np.uint16]:
    unsigned = np.dtype(f"u{stored.dtype.itemsize}")
    # possible[place] is the stored value whose bits, read without a sign, are the number `place`.
    places = stored.view(unsigned)
    possible = np.arange(256**unsigned.itemsize).astype(unsigned).view(stored.dtype)
    padding = _is_padding(possible, header)
    seen = np.zeros(possible.size, np.bool_)
    seen[places] = True
    if (seen & ~padding).any():
        seen &= ~padding
    table = _table(possible, seen, header)
    # Padding is no tissue: it becomes background, whatever its number is, and stretches no range.
    table[padding] = table[seen].min()
    shown: NDArray[np.uint16] = table[places]
    return shown


def _table(possible: Stored, seen: NDArray[np.bool_], header: Any) -> NDArray[np.uint16]:
    """For every possible value its 16 bits. A window in which all that is seen has one shade counts as absent."""
    values = _rescaled(possible.astype(np.float64), header)
    share = _by_voi(values, header)
    if share is None or np.ptp(share[seen]) == 0:
        share = _over_the_range(values, possible, header)
    if str(header.PhotometricInterpretation).strip() == "MONOCHROME1":
        share = 1.0 - share
    return np.rint(share * 65535.0).astype(np.uint16)


def _rescaled(values: Values, header: Any) -> Values:
    if header.get("ModalityLUTSequence"):
        return _looked_up(values, header.ModalityLUTSequence[0])
    # Anonymisers leave elements behind, there and empty.
    slope, intercept = _first(header, "RescaleSlope"), _first(header, "RescaleIntercept")
    if slope == 0:
        raise ValueError("RescaleSlope 0 gives every pixel the same value")
    return values * (1.0 if slope is None else slope) + (intercept or 0.0)


def _by_voi(values: Values, header: Any) -> Values | None:
    """The value as a share of what the header would have displayed, 0 to 1; None where it names nothing usable."""
    if header.get("VOILUTSequence"):
        table = header.VOILUTSequence[0]
        return np.clip(_looked_up(values, table) / (2.0 ** int(table.LUTDescriptor[2]) - 1.0), 0.0, 1.0)
    centre, width = _first(header, "WindowCenter"), _first(header, "WindowWidth")
    function = str(header.get("VOILUTFunction") or "LINEAR").strip()
    if centre is None or width is None or width < (1.0 if function == "LINEAR" else 1e-6):
        return None
    return _windowed(values, centre, width, function)


def _over_the_range(values: Values, possible: Stored, header: Any) -> Values:
    """As a share of what the stored bits can reach: what a file made for presentation means without a window."""
    bits, signed = int(header.BitsStored), possible.dtype.kind == "i"
    low = -(2 ** (bits - 1)) if signed else 0
    reached = values[(possible >= low) & (possible < low + 2**bits)]
    least, most = float(reached.min()), float(reached.max())
    if most == least:
        raise ValueError("the modality LUT gives every pixel the same value")
    return np.clip((values - least) / (most - least), 0.0, 1.0)


def _windowed(values: Values, centre: float, width: float, function: str) -> Values:
    """The three functions of the standard, PS3.3 C.11.2.1.2 and C.11.2.1.3."""
    if function == "SIGMOID":
        return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - centre) / width, -700.0, 700.0)))
    if function == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0.0, 1.0)
    if function != "LINEAR":
        raise ValueError(f"VOI LUT function {function}; expected LINEAR, LINEAR_EXACT or SIGMOID")
    return np.clip((values - (centre - 0.5)) / max(width - 1.0, 1.0) + 0.5, 0.0, 1.0)


def _looked_up(values: Values, lut: Any) -> Values:
    """By hand: pydicom 3.0 wraps around in tables of 8 bits with more than 256 entries."""
    count, start, entries = int(lut.LUTDescriptor[0]) or 65536, int(lut.LUTDescriptor[1]), lut.LUTData
    if isinstance(entries, bytes):  # a word for each entry, or a byte where that is all there is
        order = ">" if lut.original_encoding[1] is False else "<"
        entries = np.frombuffer(entries, f"{order}u2" if len(entries) >= 2 * count else np.uint8)
    table = np.atleast_1d(np.asarray(entries, np.float64))[:count]
    looked_up: Values = table[np.clip(values - start, 0, table.size - 1).astype(np.int64)]
    return looked_up


def _is_padding(possible: Stored, header: Any) -> NDArray[np.bool_]:
    value = _first(header, "PixelPaddingValue")
    if value is None:
        return np.zeros(possible.size, np.bool_)
    limit = _first(header, "PixelPaddingRangeLimit")
    # The header may count without a sign where the pixels have one; the bits are the same.
    one, other = (int(possible[int(end) % possible.size]) for end in (value, value if limit is None else limit))
    return (possible >= min(one, other)) & (possible <= max(one, other))


def _first(header: Any, name: str) -> float | None:
    value = header.get(name)
    if hasattr(value, "__len__") and not isinstance(value, str | bytes):
        value = value[0] if len(value) else None
    number = None if value in (None, "", b"") else float(value)
    return number if number is not None and math.isfinite(number) else None
