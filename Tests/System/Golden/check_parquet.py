"""Writes parquet files with pyarrow, converts and packs them, and compares labels, classes and counts.

    pip install pyarrow
    python check_parquet.py COLONNADE CONVERTER FOLDER

Files have several row groups, dictionary and plain encodings, each compression that pyarrow has, and pages of both versions. The exit
code is 0 when everything agrees, 1 when it does not, 77 when a package is missing.
"""

import json
import pathlib
import subprocess
import sys
import zlib

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as error:
    print(error)
    sys.exit(77)

COLONNADE, CONVERTER, FOLDER = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
NAMES = ["zebra", "ant", "cat"]


def png(number, side=8):
    """An image of one shade, which the number decides."""
    rows = (b"\0" + bytes([number * 7 % 256] * 3 * side)) * side

    def chunk(name, data):
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    header = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def table(rows, label):
    """A table as Hugging Face distributes images; `label` gives the column of labels and its feature."""
    images = pa.array([{"bytes": png(i), "path": f"{i}.png"} for i in range(rows)], type=pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    column, feature = label([i % 3 for i in range(rows)])
    made = pa.table({"image": images, "label": column, "note": pa.array(["x"] * rows)})
    features = {"image": {"_type": "Image"}, "label": feature}
    return made.replace_schema_metadata({b"huggingface": json.dumps({"info": {"features": features}}).encode()})


def numbers(values):
    return pa.array(values, type=pa.int64()), {"names": NAMES, "_type": "ClassLabel"}


def texts(values):
    return pa.array([NAMES[value] for value in values]), {"dtype": "string", "_type": "Value"}


def dictionary(values):
    return pa.array([NAMES[value] for value in values]).dictionary_encode(), {"dtype": "string", "_type": "Value"}


def check(name, label, expected, **options):
    source = FOLDER / name / "data"
    source.mkdir(parents=True)
    pq.write_table(table(30, label), source / "train-00000-of-00002.parquet", row_group_size=7, **options)
    pq.write_table(table(9, label), source / "train-00001-of-00002.parquet", **options)
    pq.write_table(table(6, label), source / "validation-00000-of-00001.parquet", row_group_size=2, **options)
    subprocess.run([sys.executable, "-B", CONVERTER, source.parent, FOLDER / f"{name}.folder"], check=True, stdout=subprocess.DEVNULL)
    command = [COLONNADE, "data", "import", "--format", "imagefolder", FOLDER / f"{name}.folder", FOLDER / f"{name}.packed"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    described = subprocess.run([COLONNADE, "data", "describe", "--json", FOLDER / f"{name}.packed"], check=True, capture_output=True)
    found = json.loads(described.stdout)
    if found["classes"] != expected or found["classCounts"] != {"train": [13, 13, 13], "validation": [2, 2, 2]}:
        print(f"{name}: {found['classes']} {found['classCounts']}")
        sys.exit(1)
    # The first pixel of each record tells the image.
    records = (FOLDER / f"{name}.packed" / "train.records").read_bytes()
    shades = [records[place] for place in range(0, len(records), 3 * 8 * 8)]
    if shades != [i * 7 % 256 for i in list(range(30)) + list(range(9))]:
        print(f"{name}: images are in another order")
        sys.exit(1)


check("numbers", numbers, NAMES)
check("texts", texts, sorted(NAMES))
check("dictionary", dictionary, sorted(NAMES), use_dictionary=True)
check("plain", numbers, NAMES, use_dictionary=False, compression="none")
for compression in ["snappy", "gzip", "zstd", "lz4", "brotli"]:
    check(compression, numbers, NAMES, compression=compression, data_page_version="2.0")
