"""Figures as people read them; what is missing says so."""

import numpy as np
import pytest

from lib.report.wording import numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (numbers.share(0.0815), "8.2 %"),
        (numbers.share(0.0815, 0), "8 %"),
        (numbers.share(np.nan), "n/a"),
        (numbers.signed_share(-0.0123), "-1.2 %"),
        (numbers.signed_share(None), "n/a"),
        (numbers.money(415300.4), "415,300"),
        (numbers.money(np.nan), ""),
        (numbers.metric_figure("rmse", 12345.6), "12,346"),
        (numbers.metric_figure("r2", 0.91234), "0.912"),
        (numbers.metric_figure("mape", None), "n/a"),
        (numbers.metric_interval("mape", {"low": 0.086, "high": 0.105}), "8.6 % to 10.5 %"),
        (numbers.statistic_figure("cod", 10.04), "10.0"),
        (numbers.statistic_figure("prd", 1.0234), "1.023"),
        (numbers.statistic_figure("prd", np.nan), "n/a"),
        (numbers.table_cell("a |b\n c"), "a \\|b c"),
    ],
)
def test_figures_read_as_people_write_them(text, expected):
    assert text == expected
