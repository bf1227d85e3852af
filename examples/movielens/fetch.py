"""Fetches MovieLens ml-latest-small from GroupLens, whose licence lets everyone
download it but nobody pass it on.

    fetch.py DIRECTORY      prints the path of the unpacked data

What is there already is not fetched again.
"""

import io
import sys
import urllib.request
import zipfile
from pathlib import Path

ARCHIVE = "https://files.grouplens.org/datasets/movielens/ml-latest-small.zip"
LARGEST = 16 << 20  # bytes; the archive has about one million
WANTED = ("ratings.csv", "movies.csv", "tags.csv", "README.txt")


def fetch(directory: Path, archive: str = ARCHIVE) -> Path:
    """Returns the directory that holds the data, after fetching it if need be."""
    data = directory / "ml-latest-small"
    if not all((data / name).exists() for name in WANTED):
        print(f"fetching {archive}", file=sys.stderr)
        with urllib.request.urlopen(archive, timeout=60) as response:
            unpack(response.read(LARGEST), data)
    return data


def unpack(content: bytes, data: Path) -> None:
    """Writes the wanted files of a zip archive to data, each of them whole or not at all."""
    data.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in WANTED:
            part = data / (name + ".part")
            part.write_bytes(archive.read(f"ml-latest-small/{name}"))
            part.replace(data / name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        print(fetch(Path(sys.argv[1])))
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        sys.exit(f"MovieLens could not be fetched: {error}")
