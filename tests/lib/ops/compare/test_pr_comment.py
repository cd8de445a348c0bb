"""Parts of the comment under a pull request, as Markdown."""

from lib.ops.compare import pr_comment
from lib.ops.compare.figures import FigureChange

BETTER = {"value": -0.012, "low": -0.02, "high": -0.004}
WORSE = {"value": 0.012, "low": 0.004, "high": 0.02}
LEVEL = {"value": 0.001, "low": -0.02, "high": 0.02}
SAME = {"value": 0.0, "low": 0.0, "high": 0.0}


def told(gaps, parts=(), left_out=0):
    return {"sales": 640, "left_out": left_out, "gaps": gaps, "slices": list(parts)}


def test_a_figure_is_told_with_its_arrow_interval_and_verdict():
    rows = [
        FigureChange("sale_blend", "mdape", 0.1, 0.09, (0.08, 0.12), (0.07, 0.11), 1),
        FigureChange("sale_blend", "r2", 0.9, 0.8, None, None, -1),
        FigureChange("sale_linear", "mdape", None, 0.2, None, (0.1, 0.3), 0),
        FigureChange("sale_old", "mdape", 0.2, None, None, None, 0),
    ]
    text = "\n".join(pr_comment.figure_lines(rows, ["sale_blend"]))
    assert (
        "| `sale_blend` | mdape | 10.00 % [8.00, 12.00] | 9.00 % [7.00, 11.00] | ↓ -1.00 points "
        "| better |"
    ) in text
    assert "| `sale_blend` | r2 | 0.9000 | 0.8000 | ↓ -0.1000 | worse |" in text
    assert "| `sale_linear` | mdape | none | 20.00 % [10.00, 30.00] |  | new |" in text
    assert "| `sale_old` | mdape | 20.00 % | none |  | gone |" in text
    assert text.index("sale_blend") < text.index("<details>") < text.index("sale_linear")


def test_nothing_moved_is_said():
    assert "None: every figure" in "\n".join(pr_comment.figure_lines([], ["sale_blend"]))


def test_significant_is_what_its_interval_shows():
    compared = {
        "a": told({"mdape": BETTER, "mape": LEVEL}, left_out=3),
        "b": told({"mdape": WORSE, "mape": SAME}),
        "c": "no comparison sale by sale: why",
    }
    lines = pr_comment.verdict_lines(compared)
    assert (
        "- `a` MdAPE: -1.20 points, 95 % interval -2.00 to -0.40: **significantly better** "
        "(640 sales)"
    ) in lines
    assert any(line.startswith("- `a` MAPE:") and "no sure difference" in line for line in lines)
    assert any(line.startswith("- `b` MdAPE:") and "significantly worse" in line for line in lines)
    assert "- `b` MAPE: the same (640 sales)" in lines
    assert "- `c`: no comparison sale by sale: why" in lines
    assert any("3 test sales are in one revision only" in line for line in lines)


def test_slices_are_listed_where_they_surely_got_worse():
    slices = [("ZIP", "73205", 40, WORSE), ("ZIP", "73206", 50, LEVEL), ("month", "x", 60, BETTER)]
    text = "\n".join(pr_comment.slice_lines({"a": told({}, slices), "c": "why"}))
    assert "1 of 3 slices" in text and "by chance" in text
    assert "| `a` | ZIP 73205 | 40 | +1.20 points, 95 % interval +0.40 to +2.00 |" in text
    assert "73206" not in text
    assert "Not known" in "\n".join(pr_comment.slice_lines({"c": "why"}))


def test_a_value_cannot_leave_its_cell():
    rows = pr_comment.param_lines({"params.yaml": {"a.b": {"old": "x | y\n`z`", "new": "w" * 99}}})
    assert rows[4] == f"| `a.b` | `x \\| y 'z'` | `{'w' * 57}...` |"


def test_hashes_show_what_is_always_shown_and_what_changed():
    before = {"data/raw/demo": "aaaaaaaaaa.dir", "data/blend": "b" * 32, "metrics/x.json": "1",
              "data/gone": "c" * 32}  # fmt: skip
    after = before | {"data/blend": "d" * 32, "metrics/x.json": "2"}
    del after["data/gone"]
    lines = pr_comment.hash_lines(before, after, ["data/raw/demo"])
    assert lines[4:-1] == [
        "| `data/blend` | `bbbbbbbb` | `dddddddd` | changed |",
        "| `data/gone` | `cccccccc` | `none` | changed |",
        "| `data/raw/demo` | `aaaaaaaa` | `aaaaaaaa` |  |",
    ]
