"""Random numbers by counter instead of by sequence: the same (key, counters) always give the same number.

A generator that is read in order would couple ads to one another: one more ad, and every later draw of every other ad
changes. Here a draw depends only on what it is for, so two policies in the same market meet the same luck.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SMALL_RATE = 6.0  # below this Poisson counts are drawn exactly, above by the normal approximation


def key_of(*parts: object) -> int:
    """A 64-bit key made of names: stable between runs, machines and Python versions."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def keys(values: Any) -> Keys:
    """Whole numbers as an array of keys. Lists are typed at once: guessed, large and small ones would become floats."""
    array = values if isinstance(values, np.ndarray) else np.asarray(values, dtype=np.uint64)
    return np.atleast_1d(array).astype(np.uint64, copy=False)


def _salt(counter: Any) -> Any:
    """A counter spread over 64 bits; plain numbers without the detour over an array."""
    if isinstance(counter, int):
        return np.uint64(counter * int(_GOLDEN) & 0xFFFFFFFFFFFFFFFF)
    return keys(counter) * _GOLDEN


def mixed(key: Any, *counters: Any) -> Keys:
    """splitmix64 over the key and each counter in turn; all arguments broadcast against each other."""
    state = keys(key)
    for counter in (*counters, 0):
        state = (state ^ _salt(counter)) + _GOLDEN
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return state


def uniform(key: Any, *counters: Any) -> Floats:
    """Uniform in (0, 1), never either end."""
    return ((mixed(key, *counters) >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def normal(key: Any, *counters: Any) -> Floats:
    """Standard normal (Box–Muller)."""
    radius = np.sqrt(-2.0 * np.log(uniform(key, *counters, 101)))
    return radius * np.cos(2.0 * np.pi * uniform(key, *counters, 202))


def poisson(rate: Floats, key: Any, *counters: Any) -> Ints:
    """Counts with the given means."""
    rate = np.asarray(rate, dtype=np.float64)
    counts = np.zeros(rate.shape, dtype=np.int64)
    large = rate > _SMALL_RATE
    if large.any():
        approximate = np.floor(rate + np.sqrt(np.maximum(rate, 0.0)) * normal(key, *counters) + 0.5)
        counts = np.where(large, np.maximum(approximate, 0.0), 0.0).astype(np.int64)
    draw = np.where(large | (rate <= 0.0), 0.0, uniform(key, *counters))
    term = np.exp(-np.minimum(rate, _SMALL_RATE))
    below = term.copy()
    step = 0
    while (beyond := draw > below).any() and step < 60:
        step += 1
        counts += beyond
        term = term * rate / step
        below += term
    return counts


def rounded(amount: Any, key: Any, *counters: Any) -> Ints:
    """Whole numbers whose mean is the amount: 2.3 becomes 3 in three cases of ten."""
    return np.floor(np.asarray(amount, dtype=np.float64) + uniform(key, *counters)).astype(np.int64)
