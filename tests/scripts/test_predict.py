"""`predict`: open listings with intervals and comparables."""

import pandas as pd
import yaml


def test_every_open_listing_is_valued_with_interval_and_three_comparables(finished):
    valued = pd.read_csv(finished.folder / "data/predict/valuations.csv")
    demo = yaml.safe_load((finished.folder / "params.yaml").read_text())["demo"]
    assert len(valued) == demo["actives"]
    assert (valued["pred_low_90"] < valued["pred_low_80"]).all()
    assert (valued["pred_low_80"] < valued["pred_close_price"]).all()
    assert (valued["pred_close_price"] < valued["pred_high_80"]).all()
    assert (valued["pred_high_80"] < valued["pred_high_90"]).all()
    for rank in (1, 2, 3):
        assert valued[f"comp_{rank}_close_price"].notna().all()
        assert (valued[f"comp_{rank}_close_date"] < valued["as_of"]).all()
        assert (valued[f"comp_{rank}_adjusted_close_price"] > 0).all()
    assert (valued["comp_1_similarity"] >= valued["comp_3_similarity"]).all()
