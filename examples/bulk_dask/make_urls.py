"""Make a data set to sign: some parts of Parquet, with a column `url`."""

import argparse
from pathlib import Path

import pandas as pd


def main() -> None:
    """Read the command line and write the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="the folder to make")
    parser.add_argument("parts", nargs="?", type=int, default=8, help="how many (8)")
    parser.add_argument("rows", nargs="?", type=int, default=1000, help="of each part (1000)")
    given = parser.parse_args()
    make(given.folder, given.parts, given.rows)


def make(folder: str, parts: int, rows: int) -> None:
    """Write so many parts with so many rows each."""
    Path(folder).mkdir()
    for part in range(parts):
        numbers = range(part * rows, (part + 1) * rows)
        urls = [f"https://media.example.com/videos/{number}.mp4" for number in numbers]
        frame = pd.DataFrame({"id": numbers, "url": urls})
        frame.to_parquet(Path(folder, f"part-{part:03}.parquet"), index=False)


if __name__ == "__main__":
    main()
