"""Shares, spans and counts of params.yaml that cannot be are refused by their section, by name."""

import pytest

from lib.common import params
from lib.common.errors import RemlError
from lib.ops.sections import stage_sections
from tests.support.dag import ROOT

CONTENT = params.read_yaml(ROOT / params.PARAMS_FILE)
SECTIONS = stage_sections()
# key -> values that it cannot have
SHARES = {
    "staging.max_quarantined_share": (-0.1, 1.5, 50, float("nan")),
    "eda.leak_r2": (0, 85, 1.01),
    "screen.outliers.nominal_share": (-0.1, 1, 10),
    "split.boundary": (0, 1, 20, -0.2),
    "split.fold_share": (0, 1.1, 60),
    "embed.least_room_probability": (-0.5, 50),
    "train.lightgbm.feature_fraction": (0, 1.5, 40),
    "train.lightgbm.bagging_fraction": (0, 1.5, 70),
    "calibrate.coverages": ([80, 90], [0, 0.9], [0.9, 1], [0.9, 0.9], [0.825, 0.9], [0.995, 0.9]),
    "calibrate.adaptive.step": (0, 1, 2),
    "calibrate.difficulty.floor": (-1, 90),
    "calibrate.quantiles.feature_fraction": (0, 40),
    "evaluate.ratio_study.trim_cap": (0.0, 10.0),
    "predict.leaf_weight": (-0.1, 50),
    "ablate.photos.guard": (0, 10),
    "cards.thresholds.gain": (-0.1, 1, 5),
    "cards.thresholds.coverage_90": (0, 3),
    "cards.thresholds.bias": (0, 3),
    "cards.thresholds.hit_rate": (-1, 90),
    "cards.thresholds.area_level": (0, 5),
}
OTHERS = {
    "screen.records.list_ratio": ([1.5, 0.75], [0, 1]),
    "screen.records.square_feet_per_bedroom": ([3000, 100],),
    "screen.records.nominal": ({"sael": 1000, "rental": 50},),
    "screen.deals.resale_ratio": ([1.4, 0.75],),
    "normalize.relist_gap_days": (-1,),
    "normalize.longest_deal_days": (0,),
    "calibrate.abstention.beyond": ({"latitude": -1}, {"latitude": float("inf")}),
    "train.lightgbm.num_threads": (0, -1),
    "demo.years": (0,),
    "demo.sales": (-5,),
}


def changed(key, value):
    """The section that a key stands in, with another value there."""
    section, *path = key.split(".")

    def put(content, rest):
        head, *tail = rest
        return content | {head: put(content[head], tail) if tail else value}

    return section, put(CONTENT[section], path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (key, value)
        for table in (SHARES, OTHERS)
        for key, values in table.items()
        for value in values
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(key, value):
    section, content = changed(key, value)
    with pytest.raises(RemlError, match=key.partition(".")[2].split(".")[0]):
        params.validate(SECTIONS[section], content, section)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_settings_of_the_project_are_accepted(section):
    params.validate(SECTIONS[section], CONTENT[section], section)
