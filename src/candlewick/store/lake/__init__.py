"""The candle and tick lake: market history on disk, for many processes at once, without Django.

lake      `Lake`, the one door for reading and writing
writer    `LakeWriter`, group commit off the event loop
reading   bars and markets as research wants them, by a person's symbol
compact   moves old hot rows into Parquet files, in a process of its own
importing history files into the lake
exporting candles out of it, into files
check     gaps, impossible bars, bars off the grid
admission what can be kept
cache     tables that were decoded once, mapped by the next reader
cells     cells of a text file
cold      immutable Parquet files
columns   rows as columns, and which of two versions of a row wins
database  the SQLite file: tables, migrations, connections
hot       the newest rows
kinds     what there is to keep
listed    what instruments are, as their venues last listed them
layout    where a series lives on disk
manifest  series, files and coverage
names     what a history file's name tells
sheet     a history file as columns
spans     sets of time ranges
trades    trades as a set
"""

from candlewick.store.lake.lake import Lake
from candlewick.store.lake.manifest import SeriesInfo
from candlewick.store.lake.writer import LakeWriter

__all__ = ["Lake", "LakeWriter", "SeriesInfo"]
