"""A short run of `make torture`: real processes, killed at random while jobs come in."""

from pathlib import Path

from bench.torture import torture
from bench.tortured import Grid


def test_nothing_is_lost_doubled_or_out_of_order_whatever_is_killed(tmp_path: Path) -> None:
    grid = Grid(tmp_path)
    try:
        report = torture(grid, kills=4, jobs=8, seed=3)
    finally:
        grid.stop()
    assert len(report.kills) == 4
    assert len({kill.kind for kill in report.kills}) > 1
    assert not any(report.broken.values()), report.table()
