"""What a tracking server is told of a run."""

from lib.ops.mlflow_record import make_record

MODELS = {"b": b'{"params": {"alpha": 1.0}}', "a": b'{"skipped": "none"}'}


def test_a_record_depends_on_content_and_not_on_order():
    one = make_record({"b": {"mdape": 0.1, "r2": None}, "a": {"mape": 0.2}}, MODELS)
    other = make_record(
        {"a": {"mape": 0.2}, "b": {"r2": None, "mdape": 0.1}}, dict(reversed(MODELS.items()))
    )
    assert one == other and one.content == other.content
    assert one.params == {"b.alpha": "1.0"}
    assert one.metrics == {"b.mdape": 0.1, "a.mape": 0.2}


def test_any_change_is_another_record():
    base = make_record({"b": {"mdape": 0.1}}, MODELS)
    changed = [
        make_record({"b": {"mdape": 0.11}}, MODELS),
        make_record({"b": {"mdape": 0.1}}, MODELS | {"a": b'{"skipped": "other"}'}),
        make_record({"b": {"mdape": 0.1}}, MODELS | {"b": b'{"params": {"alpha": 2.0}}'}),
    ]
    assert len({one.content for one in [base, *changed]}) == 4
