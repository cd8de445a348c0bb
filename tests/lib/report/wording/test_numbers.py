"""Figures as people read them; what is missing says so."""

import numpy as np
import pytest

from lib.report.wording import numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (numbers.format_share(0.0815), "8.2 %"),
        (numbers.format_share(0.0815, 0), "8 %"),
        (numbers.format_share(np.nan), "n/a"),
        (numbers.format_signed_share(-0.0123), "-1.2 %"),
        (numbers.format_signed_share(None), "n/a"),
        (numbers.format_money(415300.4), "415,300"),
        (numbers.format_money(np.nan), ""),
        (numbers.format_metric("rmse", 12345.6), "12,346"),
        (numbers.format_metric("r2", 0.91234), "0.912"),
        (numbers.format_metric("mape", None), "n/a"),
        (numbers.format_metric_interval("mape", {"low": 0.086, "high": 0.105}), "8.6 % to 10.5 %"),
        (numbers.format_statistic("cod", 10.04), "10.0"),
        (numbers.format_statistic("prd", 1.0234), "1.023"),
        (numbers.format_statistic("prd", np.nan), "n/a"),
        (numbers.markdown_cell("a |b\n c"), "a \\|b c"),
    ],
)
def test_figures_read_as_people_write_them(text, expected):
    assert text == expected
