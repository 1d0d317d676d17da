"""Create a sample data set: Parquet files with a column `url`."""

import argparse
from pathlib import Path

import pandas as pd


def main() -> None:
    """Parse the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="the folder to create")
    parser.add_argument("parts", nargs="?", type=int, default=8, help="number of files (8)")
    parser.add_argument("rows", nargs="?", type=int, default=1000, help="rows in each file (1000)")
    given = parser.parse_args()
    write_parts(given.folder, given.parts, given.rows)


def write_parts(folder: str, parts: int, rows: int) -> None:
    """Write *parts* files with *rows* rows each."""
    Path(folder).mkdir()
    for part in range(parts):
        numbers = range(part * rows, (part + 1) * rows)
        urls = [f"https://media.example.com/videos/{number}.mp4" for number in numbers]
        frame = pd.DataFrame({"id": numbers, "url": urls})
        frame.to_parquet(Path(folder, f"part-{part:03}.parquet"), index=False)


if __name__ == "__main__":
    main()
