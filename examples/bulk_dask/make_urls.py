"""
Make a data set to sign: some parts of Parquet, with a column `url`.

    python make_urls.py FOLDER [PARTS [ROWS]]
"""

import sys
from pathlib import Path

import pandas as pd


def main(folder: str, parts: str = "8", rows: str = "1000") -> None:
    """Write so many parts with so many rows each."""
    Path(folder).mkdir()
    for part in range(int(parts)):
        numbers = range(part * int(rows), (part + 1) * int(rows))
        urls = [f"https://media.example.com/videos/{number}.mp4" for number in numbers]
        frame = pd.DataFrame({"id": numbers, "url": urls})
        frame.to_parquet(Path(folder, f"part-{part:03}.parquet"), index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
