"""The tables of scored sales: by slice, by stratum, by tenth of the estimates, the worst errors."""

from __future__ import annotations

import pandas as pd

from lib.evaluation.metrics import slices
from lib.evaluation.scoring import score, strata, worst_errors


def make_evaluation_tables(
    test: pd.DataFrame,
    past: pd.DataFrame,
    flag_reasons: dict[str, str],
    settings: score.EvaluateParams,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """Slices, ratio study by stratum, calibration and worst errors of one table of sales.

    Parameters
    ----------
    test : DataFrame
        The scored sales, with the columns that `lib.evaluation.scoring.score` names.
    past : DataFrame
        The homes that the estimates were learnt from, with those columns of
        `lib.evaluation.scoring.worst_errors.NEEDED` that there are; may be empty.
    flag_reasons : dict of str to str
        Listing key to what `screen` says against the sale.
    settings : EvaluateParams
        The `evaluate` section of params.yaml.
    seed : int
        Seed of every bootstrap.

    Returns
    -------
    dict of str to DataFrame
        `slices`, `ratio_study`, `calibration` and `worst`.
    """
    return {
        "slices": slices.score_slices(test, score.interval_coverages(test), settings.draws, seed),
        "ratio_study": strata.ratio_study_by_stratum(test, settings, seed),
        "calibration": strata.calibration_by_decile(test, settings.draws, seed),
        "worst": worst_errors.find_worst_errors(test, past, flag_reasons, settings.worst),
    }
