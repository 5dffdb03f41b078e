"""Money and counts as people and programs write them, read with one number style per file."""

import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.contract import RowError
from connectors.exports.currencies import THREE_DECIMALS, ZERO_DECIMALS, meant_by, settled

POINT, COMMA = ".", ","
NOT_REPORTED = frozenset({"", "-", "--", "—", "–"})
MINUS = frozenset({"-", "−"})
MAX_DIGITS = 20
# A file in which fewer rows than this contradict its number style has a few bad rows, not two styles.
STRAY = 0.05

# What nearly every cell is, tried first: digits with the file's own separators.
_COMMON = {
    POINT: re.compile(r"(?:[0-9]{1,15}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,9})?").fullmatch,
    COMMA: re.compile(r"(?:[0-9]{1,15}|[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,4})(?:,[0-9]{1,9})?").fullmatch,
}
_PROOFS = {
    POINT: re.compile(r"(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)\.[0-9]{1,2}").fullmatch,
    COMMA: re.compile(r"(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+),[0-9]{1,2}").fullmatch,
}
_AMOUNT = re.compile(
    r"(?P<open>\()?(?P<sign>[-−+]?)\s*(?P<before>[^\d\s.,()+−-]{0,3}?)\s*(?P<inner>[-−]?)"
    r"(?P<number>[0-9.,][0-9.,\s'’]*?)\s*(?P<after>[^\d\s.,()+−-]{0,3})(?P<close>\))?"
).fullmatch
_GROUPED = (
    r"(?:[0-9]+|[1-9][0-9]{{0,2}}(?:([{0}])[0-9]{{3}})(?:\1[0-9]{{3}})*|[1-9][0-9]?(?:{1}[0-9]{{2}})+{1}[0-9]{{3}})"
)
_STYLES = {
    POINT: re.compile(_GROUPED.format(r",\s'’", ",") + r"?(\.[0-9]+)?").fullmatch,
    COMMA: re.compile(_GROUPED.format(r".\s'’", r"\.") + r"?(,[0-9]+)?").fullmatch,
}


def is_reported(text: str) -> bool:
    """Tell whether a cell holds anything but the dashes that mean "not reported"."""
    return text not in NOT_REPORTED


@dataclass(frozen=True, slots=True)
class Amounts:
    """A reader of numbers in one style; `mark` is the decimal sign, empty where nothing in the file tells."""

    mark: str = POINT
    sure: bool = True

    def read(self, text: str) -> Decimal:
        """Return the number a cell holds; raises RowError for what can be read in two ways or none."""
        if self.sure and self.mark and _COMMON[self.mark](text):
            return Decimal(text.replace(",", "") if self.mark == POINT else text.replace(".", "").replace(",", "."))
        sign, number, _ = _parts(text)
        readings = _readings(number)
        value = readings.get(self.mark) if self.mark else next(iter(readings.values()), None)
        if value is None:
            raise RowError(f"'{text}' is not written like the other numbers of this file")
        if not self.sure and len(set(readings.values())) > 1:
            raise RowError(f"'{text}' can be read in two ways; write it without a thousands separator")
        return sign * value

    def price(self, text: str, stated: str, default: str = "") -> tuple[Decimal, str]:
        """Return an amount with its currency: the stated one, else what the sign beside the number means."""
        if text[:1].isdigit() and text[-1].isdigit():
            return self.read(text), stated or default
        return self.read(text), settled(_parts(text)[2], stated, default)


@dataclass(slots=True)
class AmountEvidence:
    """What the numbers seen so far prove about a file's decimal sign."""

    proofs: Counter[str] = field(default_factory=Counter)

    def see(self, text: str) -> None:
        """Count a cell that can be read in one style only."""
        if not text or text.isdigit():
            return
        for mark, proves in _PROOFS.items():
            if proves(text):
                self.proofs[mark] += 1
                return
        try:
            styles = _readings(_parts(text)[1])
        except RowError:
            return
        if len(styles) == 1:
            self.proofs.update(list(styles))

    def conclude(self, habit: str = "") -> Amounts:
        """Return the reader for the file; `habit` is the style of its source where no row proves any."""
        if not self.proofs:
            return Amounts(habit, sure=bool(habit))
        (mark, most), *others = self.proofs.most_common()
        return Amounts(mark, sure=not others or others[0][1] <= STRAY * most)


def whole_number(text: str) -> int:
    """Return a count, however its thousands are grouped."""
    sign, number, _ = _parts(text)
    if not re.fullmatch(r"[0-9]+|[1-9][0-9]{0,2}(?:([.,\s'’])[0-9]{3})(?:\1[0-9]{3})*", number):
        raise RowError(f"'{text}' is not a whole number")
    return sign * int(re.sub(r"\D", "", number))


def from_minor_units(text: str, currency: str) -> Decimal:
    """Return an amount from a count of cents, or of whatever the currency's smallest unit is."""
    units = whole_number(re.sub(r"(?<=[0-9])\.0{1,2}$", "", text))
    if currency in ZERO_DECIMALS:
        return Decimal(units)
    return Decimal(units).scaleb(-3 if currency in THREE_DECIMALS else -2)


def _parts(text: str) -> tuple[int, str, frozenset[str]]:
    """Return the sign, the bare number and the currencies it can be in."""
    parts = _AMOUNT(text.strip())
    if not parts or len(parts["number"]) > MAX_DIGITS or bool(parts["open"]) != bool(parts["close"]):
        raise RowError(f"'{text[:40]}' is not a number")
    before, after = meant_by(parts["before"]), meant_by(parts["after"])
    if before and after and not before & after:
        raise RowError(f"'{text}' names two currencies")
    is_negative = bool(parts["open"]) or parts["sign"] in MINUS or parts["inner"] in MINUS
    return -1 if is_negative else 1, parts["number"], (before & after) or before or after


def _readings(number: str) -> dict[str, Decimal]:
    """Return what a bare number can mean, by decimal sign; one entry proves the style."""
    values = {}
    for mark, fits in _STYLES.items():
        if fits(number) and number[-1].isdigit():
            digits = re.sub(rf"[^0-9{mark}]", "", number)
            values[mark] = Decimal(digits.replace(mark, "."))
    return values
