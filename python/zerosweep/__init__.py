"""Reads the results of Zerosweep into pandas.

>>> import zerosweep
>>> best = zerosweep.leaderboard("zerosweep-home", "demo_fashion_mnist")
>>> best[["method", "bits", "top1_mean", "top1_std"]].head()

Every function runs the program `zerosweep`, which reads a home safely also while a sweep runs.
Needs pandas: `pip install 'zerosweep[pandas]'`.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from zerosweep._programs import FOLDER

if TYPE_CHECKING:
    import pandas

__all__ = ["leaderboard", "query", "trials"]


def leaderboard(home: str | os.PathLike[str], sweep: str) -> pandas.DataFrame:
    """One row for each method, network, bits and settings of a sweep, best first.

    The columns are those of `zerosweep leaderboard --format json`; `zerosweep leaderboard --columns`
    says what they mean.

    >>> zerosweep.leaderboard("zerosweep-home", "demo_fashion_mnist").query("bits == 'w4a4'")
    """
    return _read(home, "leaderboard", sweep)


def trials(home: str | os.PathLike[str], sweep: str) -> pandas.DataFrame:
    """The rows of the view `v_trial` that belong to a sweep: one for each trial.

    >>> zerosweep.trials("zerosweep-home", "demo_fashion_mnist").groupby("method").top1.mean()
    """
    name = sweep.replace("'", "''")
    return query(home, f"SELECT * FROM v_trial WHERE sweep = '{name}'")


def query(home: str | os.PathLike[str], sql: str) -> pandas.DataFrame:
    """The rows of a SELECT over the views of docs/schema.md; nothing can be written.

    >>> zerosweep.query("zerosweep-home", "SELECT kind, sum(seconds) FROM v_stage GROUP BY kind")
    """
    return _read(home, "query", sql)


def _read(home: str | os.PathLike[str], command: str, argument: str) -> pandas.DataFrame:
    try:
        import pandas
    except ImportError as error:
        raise ImportError("zerosweep returns pandas' tables: pip install 'zerosweep[pandas]'") from error

    def printed(form: str) -> str:
        """What the program prints in that form."""
        words = [FOLDER / "bin" / "zerosweep", "--home", home, "--format", form, command, "--", argument]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        if form == "json":
            sys.stderr.write(done.stderr)
        return done.stdout

    rows = json.loads(printed("json"))
    if rows:
        return pandas.DataFrame(rows)
    return pandas.DataFrame(columns=next(csv.reader(printed("csv").splitlines()), []))
