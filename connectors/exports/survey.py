"""The first look over a file: what all its rows together prove about how numbers and dates are written."""

from collections.abc import Sequence

from connectors.exports.amounts import AmountEvidence
from connectors.exports.moments import DateEvidence
from connectors.exports.table import Cell, Table


def survey(table: Table, amounts: Sequence[Cell], dates: Sequence[Cell]) -> tuple[AmountEvidence, DateEvidence]:
    """Return the evidence of every readable row in the given columns."""
    number_proofs, date_proofs = AmountEvidence(), DateEvidence()
    see_amount, see_date = number_proofs.see, date_proofs.see
    for _, cells, fault in table.rows():
        if fault:
            continue
        for amount in amounts:
            see_amount(amount(cells))
        for date in dates:
            see_date(date(cells))
    return number_proofs, date_proofs
