"""Which stage of how many runs, told from what DVC itself logs."""

import logging

from lib.ops.run.repro_progress import ProgressFilter, describe_progress, list_stages

PIPELINE = {
    "stages": {
        "demo": {"cmd": "x"},
        "train": {"foreach": "${train.variants}", "do": {"cmd": "x"}},
        "report": {"cmd": "x"},
    }
}
PARAMS = {"train": {"variants": {"a": {}, "b": {}}}}


def test_a_stage_counts_once_for_each_variant():
    assert list_stages(PIPELINE, PARAMS) == ["demo", "train@a", "train@b", "report"]
    listed = {"stages": {"a": {"foreach": ["x", "y"], "do": {}}, "b": {"matrix": {"m": [1]}}}}
    assert list_stages(listed, {}) == ["a@x", "a@y", "b"]
    assert list_stages({"stages": {"a": {"foreach": "${unknown.name}", "do": {}}}}, {}) == ["a"]


def test_what_is_left_is_named_and_the_rest_counted():
    assert describe_progress("demo", 0, "abcde") == "stage 1 of 6: demo; then a, b, c and 2 more"
    assert describe_progress("e", 4, "f") == "stage 5 of 6: e; then f"
    assert describe_progress("f", 5, "") == "stage 6 of 6: f; the last one"


def test_stages_that_need_no_run_count_as_done(caplog):
    logger = logging.getLogger("progress under test")
    progress = ProgressFilter(["demo", "train@a", "train@b", "report"])
    logger.addFilter(progress)
    with caplog.at_level(logging.INFO, logger.name):
        logger.info("Stage '%s' didn't change, skipping", "demo")
        logger.info("Stage '%s' is cached - skipping run, checking out outputs", "train@a")
        logger.info("Running stage '%s':", "train@b")
        logger.info("Running stage '%s':", "of somebody else")
        logger.info("something else")
    assert [record.getMessage() for record in caplog.records][2:] == [
        "stage 3 of 4: train@b; then report\nRunning stage 'train@b':",
        "Running stage 'of somebody else':",
        "something else",
    ]
