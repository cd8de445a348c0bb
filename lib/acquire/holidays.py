"""Federal holidays of the United States, on the day itself and on the day they are kept."""

from __future__ import annotations

import pandas as pd
from pandas.tseries.holiday import Holiday, USFederalHolidayCalendar


def federal(first: pd.Timestamp, last: pd.Timestamp) -> dict[pd.Timestamp, str]:
    """Day -> name of each holiday from `first` to `last`, both included.

    One that falls on a week end is there twice: pandas' calendar has the working day on which
    offices keep it, and markets rest on the day itself as well.
    """
    found: dict[pd.Timestamp, str] = {}
    for rule in USFederalHolidayCalendar().rules:
        rules = [rule]
        if rule.observance is not None:
            rules.append(
                Holiday(rule.name, month=rule.month, day=rule.day, start_date=rule.start_date)
            )
        for one in rules:
            found |= dict.fromkeys(one.dates(first, last), rule.name)
    return found
