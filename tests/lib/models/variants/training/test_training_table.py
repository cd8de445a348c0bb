"""Which inputs a model may use."""

from lib.models.variants.training import training_table


def test_inputs_that_look_at_other_sales_or_the_calendar_go():
    names = ["living_area", "comp_log_price", "mkt_zip_sales_90d", "own_previous_log_price",
             "own_age", "time_years", "postal_code"]  # fmt: skip
    assert training_table.dateless_inputs(names) == ["living_area", "own_age", "postal_code"]
