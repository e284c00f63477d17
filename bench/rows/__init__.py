"""One file per figure; each has `run(bench) -> list[Row]`."""
