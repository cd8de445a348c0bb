"""Which frozen model each section of params.yaml is read as."""

from __future__ import annotations

from lib.common import params


def stage_sections() -> dict[str, type[params.Section]]:
    """The model of `base` and of each stage's section, in the order of the stages.

    DVC deletes a stage's outs before the stage can complain, so sections are checked before any
    stage runs. The rooms are imported here, since all of them together take seconds.
    """
    from lib.demo import feed
    from lib.evaluation.ablation import photo_lift
    from lib.evaluation.cards import card
    from lib.evaluation.explanation import importance
    from lib.evaluation.scoring import score
    from lib.features.build import FeaturesParams
    from lib.listings.eda import summary
    from lib.listings.normalize import normalize
    from lib.listings.sample import gold_sample
    from lib.listings.screening.screen import ScreenParams
    from lib.listings.staging import staging
    from lib.models import stacking, tuning
    from lib.models.calibration import prediction_intervals
    from lib.models.serving.served_variants import PredictParams
    from lib.models.split.time_folds import SplitParams
    from lib.models.variants import fuse_params
    from lib.models.variants.training import fit_variant
    from lib.ops import mlflow_record
    from lib.photos.bundles import unpack
    from lib.photos.vectors.encoders import EmbedParams
    from lib.report.pages import index

    return {
        "base": params.Base,
        "demo": feed.DemoParams,
        "staging": staging.StagingParams,
        "sample": gold_sample.SampleParams,
        "photos": unpack.PhotosParams,
        "eda": summary.EdaParams,
        "normalize": normalize.NormalizeParams,
        "screen": ScreenParams,
        "features": FeaturesParams,
        "split": SplitParams,
        "embed": EmbedParams,
        "train": fit_variant.TrainParams,
        "fuse": fuse_params.FuseParams,
        "tune": tuning.TuneParams,
        "blend": stacking.BlendParams,
        "calibrate": prediction_intervals.CalibrateParams,
        "evaluate": score.EvaluateParams,
        "predict": PredictParams,
        "ablate": photo_lift.AblateParams,
        "explain": importance.ExplainParams,
        "cards": card.CardsParams,
        "report": index.ReportParams,
        "track": mlflow_record.TrackParams,
    }
