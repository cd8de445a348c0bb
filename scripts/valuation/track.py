"""Log the run to an MLflow server: settings, figures, hashes of the models; off by default.

On where `track.uri` in params.yaml names a server or file and requirements-mlflow.txt is installed.
A run whose settings, figures and models are logged there already is not logged again.

Example: python -m scripts.valuation.track
"""

import os
from pathlib import Path

import click

from lib.common import artifacts, cli, io, params
from lib.common.errors import RemlError
from lib.ops import mlflow_record
from lib.ops.mlflow_record import TrackParams

OUT = Path("data/track")
SUMMARY = Path("metrics/summary.json")
TAG = "reml.content"
OFF = "track.uri is empty, so nothing was logged"


def log_run(uri: str, experiment: str, record: mlflow_record.RunRecord) -> bool:
    """Log a run, or find it there by its content; returns whether it is new."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    try:
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param, RunTag
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise RemlError(
            "params.yaml, track.uri is set and mlflow-skinny is not installed; "
            "pip install -r requirements-mlflow.txt, or set track.uri to nothing"
        ) from error
    try:
        client = MlflowClient(tracking_uri=uri)
        known = client.get_experiment_by_name(experiment)
        place = known.experiment_id if known else client.create_experiment(experiment)
        if client.search_runs([place], f"tags.`{TAG}` = '{record.content}'", max_results=1):
            return False
        run = client.create_run(place, run_name=record.content[:8]).info.run_id
        client.log_batch(
            run,
            metrics=[Metric(name, value, 0, 0) for name, value in record.metrics.items()],
            params=[Param(name, value) for name, value in record.params.items()],
            tags=[RunTag(name, text) for name, text in record.tags.items()],
        )
        client.set_tag(run, TAG, record.content)  # last: a run without it is logged anew
        client.set_terminated(run)
    except MlflowException as error:
        raise RemlError(f"params.yaml, track.uri {uri}: {str(error).splitlines()[0]}") from error
    return True


@click.command(help=__doc__)
@cli.command
def main() -> None:
    base, settings = params.load_sections("track", TrackParams)
    if not settings.uri:
        io.write_json(OUT / "receipt.json", {"off": OFF})
        cli.log.info("track.complete", off=OFF)
        return
    models = {
        name: (folder / "model.json").read_bytes()
        for name, folder in artifacts.model_folders().items()
    }
    record = mlflow_record.make_record(io.read_json(SUMMARY), models)
    experiment = f"reml-{base.feed}"
    new = log_run(settings.uri, experiment, record)
    io.write_json(
        OUT / "receipt.json", {"uri": settings.uri, "experiment": experiment, TAG: record.content}
    )
    cli.log.info("track.complete", uri=settings.uri, experiment=experiment, new=new)


if __name__ == "__main__":
    main()
