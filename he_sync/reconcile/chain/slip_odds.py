"""How likely each line slipped over a boundary of which only the money is known.

Every line slips with the same small chance. The odds of each sum of slipped lines are one product over all lines,
computed as a Fourier transform of the histogram of amounts; a line's own share in the sum at hand is its odds. Any
number of slipped lines is weighed, and no set is searched: among 400 lines some 20 pairs and 700 triples make any
amount (reference reconciliation 2.4).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from he_sync.reconcile.chain.keys import AnyInts, Floats, Ints, Mask

SIZE = 1 << 16  # sums of money are kept modulo so many minor units: coincidences more, never one less
FEE_SIZE = 1 << 13  # the same of fees
USUAL, WEIGHT = 0.002, 500  # share of lines that slip, and the lines that this prior counts as
SHARES = np.geomspace(2e-5, 0.05, 80)
OTHER = 1e-3  # chance of a residual that no slip made


def usual_share(lines: AnyInts, quiet: Mask) -> float:
    """The share of lines that slip, most likely from how many boundaries nothing crossed; `lines` at each boundary."""
    none = np.outer(np.log1p(-SHARES), lines)
    some = np.log(-np.expm1(np.minimum(none, -1e-12)))
    prior = WEIGHT * (USUAL * np.log(SHARES) + (1 - USUAL) * np.log1p(-SHARES))
    return float(SHARES[int(np.argmax(np.where(quiet, none, some).sum(axis=1) + prior))])


class SlipOdds:
    """The lines of one boundary, by their amounts; `share` is the chance of each to slip."""

    def __init__(self, amounts: Ints, share: float, size: int = SIZE) -> None:
        self.amounts, self.size, self._odds = amounts, size, share / (1 - share)
        self.other = OTHER / size
        once = _spectrum(amounts, size)
        spectrum: npt.NDArray[Any] = self._odds * once
        spectrum -= self._odds**2 / 2 * _twice(once)  # no line slips twice
        self._table = np.fft.irfft(np.exp(spectrum), size)

    def of(self, amount: AnyInts | int) -> Floats:
        """Odds that slipped lines make an amount, against nothing having slipped."""
        return np.asarray(np.maximum(self._table[np.asarray(amount) % self.size], 0))

    def lines(self, amount: int) -> Floats:
        """The chance of each line to have slipped, given what slipped in all."""
        own = amount - self.amounts
        without = (
            self.of(own) - self._odds * self.of(own - self.amounts) + self._odds**2 * self.of(own - 2 * self.amounts)
        )
        return np.clip(self._odds * without / (float(self.of(amount)) + self.other), 0, 1)

    def unlike(self, amount: int) -> float:
        """The chance that something else than slips made the amount."""
        return self.other / (float(self.of(amount)) + self.other)


def _spectrum(amounts: Ints, size: int) -> npt.NDArray[Any]:
    return np.fft.rfft(np.bincount(amounts % size, minlength=size))


def _twice(spectrum: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The spectrum of doubled amounts: at each frequency what the amounts themselves have at twice it."""
    lower = spectrum[::2]
    return np.concatenate((lower, lower[-2::-1].conj()))
