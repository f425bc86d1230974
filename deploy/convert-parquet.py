#!/usr/bin/env python3
"""Converts parquet files of images, as Hugging Face distributes them, to WebDataset archives for `colonnade data import`.

    convert-parquet.py SOURCE FOLDER

SOURCE is a parquet file or a folder of them; names such as validation-00000-of-00001.parquet tell the split. FOLDER is created. It gets
archives of at most 10,000 images, with the encoded images as they are, and classnames.txt, so that labels keep their numbers. Needs pyarrow.
"""

import argparse
import io
import json
import pathlib
import re
import shutil
import sys
import tarfile

SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val", "test": "test", "testing": "test"}
IMAGES_OF_ARCHIVE = 10_000
ROWS_AT_ONCE = 128
ENDS = [(b"\xff\xd8\xff", "jpg"), (b"\x89PNG", "png"), (b"GIF8", "gif"), (b"BM", "bmp"), (b"P5", "pgm"), (b"P6", "ppm")]


class Refusal(Exception):
    """A sentence that says why the files cannot be converted."""


def split_of(path):
    """The split that a file's name, or its folder's, tells; train if neither does."""
    for text in (path.name, path.parent.name):
        for word in re.split(r"[^a-z]+", text.lower()):
            if word in SPLITS:
                return SPLITS[word]
    return "train"


def columns_of(file, path, image, label):
    """The names of the columns with images and labels, and the classes' names if the file has them."""
    import pyarrow as pa

    schema = file.schema_arrow
    features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}")).get("info", {}).get("features", {})

    def is_image(field):
        kind = field.type
        if pa.types.is_struct(kind):
            return any(kind.field(i).name == "bytes" for i in range(kind.num_fields))
        return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)

    def choose(given, candidates, known, what):
        if given:
            if given not in schema.names:
                raise Refusal(f"{path} has no column {given}; it has {', '.join(schema.names)}")
            return given
        for name in known:
            if name in candidates:
                return name
        if len(candidates) == 1:
            return candidates[0]
        raise Refusal(f"{path}: its column of {what} is unknown; name it with --{what.rstrip('s')} ({', '.join(schema.names)})")

    images = [field.name for field in schema if is_image(field)]
    marked = [name for name, feature in features.items() if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"]
    numbers = [f.name for f in schema if pa.types.is_integer(f.type) or pa.types.is_string(f.type) or pa.types.is_large_string(f.type)
               or pa.types.is_dictionary(f.type)]
    image = choose(image, images, ["image", "img", "pixels"], "images")
    label = choose(label, marked or numbers, ["label", "fine_label", "labels", "class", "target"], "labels")
    names = (features.get(label) or {}).get("names")
    return image, label, names


class Archives:
    """Writes the samples of each split into archives."""

    def __init__(self, folder):
        self.folder, self.open, self.counts = folder, {}, {}

    def add(self, split, content, label):
        number = self.counts.get(split, 0)
        if number % IMAGES_OF_ARCHIVE == 0:
            if split in self.open:
                self.open[split].close()
            path = self.folder / f"{split}-{number // IMAGES_OF_ARCHIVE:06}.tar"
            self.open[split] = tarfile.open(path, "w", format=tarfile.USTAR_FORMAT)
        end = next((end for start, end in ENDS if content.startswith(start)), "img")
        for suffix, data in ((end, content), ("cls", str(label).encode())):
            member = tarfile.TarInfo(f"{number:08}.{suffix}")
            member.size = len(data)
            self.open[split].addfile(member, io.BytesIO(data))
        self.counts[split] = number + 1

    def close(self):
        for archive in self.open.values():
            archive.close()


def convert(files, folder, image, label):
    """Returns the number of images by split, and the rows that have no image or no label."""
    import pyarrow.parquet as pq

    archives, names, missing = Archives(folder), None, []
    for path in files:
        file = pq.ParquetFile(path)
        image_column, label_column, listed = columns_of(file, path, image, label)
        if names is not None and listed is not None and names != listed:
            raise Refusal(f"{path} names other classes than the files before it; convert each data set by itself")
        names, split, row = names or listed, split_of(path), 0
        # Row groups and encodings, dictionaries among them, are the library's business.
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=[image_column, label_column]):
            for cell, value in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist()):
                content = cell.get("bytes") if isinstance(cell, dict) else cell
                if isinstance(value, list):
                    value = value[0] if len(value) == 1 else None
                if not content or value is None or value == "" or value == -1:
                    missing.append(f"{path}: row {row}: {'no label' if content else 'no image'}")
                else:
                    archives.add(split, content, value)
                row += 1
    archives.close()
    if names:
        (folder / "classnames.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return archives.counts, missing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--image", help="the column of images")
    parser.add_argument("--label", help="the column of labels")
    options = parser.parse_args()
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        sys.exit("convert-parquet.py: pyarrow is missing; install it with `pip install pyarrow`")
    work = options.folder.with_name(options.folder.name + ".partial")
    try:
        files = [options.source] if options.source.is_file() else sorted(options.source.rglob("*.parquet"))
        if not files:
            raise Refusal(f"{options.source} has no parquet files")
        if options.folder.exists():
            raise Refusal(f"{options.folder} exists already; name another folder")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        counts, missing = convert(files, work, options.image, options.label)
        if not counts:
            raise Refusal(f"{options.source} has no image with a label")
        work.rename(options.folder)
    except (Refusal, OSError, ValueError) as error:
        shutil.rmtree(work, ignore_errors=True)
        print(f"convert-parquet.py: {error}", file=sys.stderr)
        sys.exit(65)
    print(f"{options.folder}: " + ", ".join(f"{count} images in {split}" for split, count in sorted(counts.items())))
    for line in missing[:20]:
        print(f"left out: {line}", file=sys.stderr)
    if missing:
        print(f"convert-parquet.py: {len(missing)} rows are left out", file=sys.stderr)
        sys.exit(65)


if __name__ == "__main__":
    main()
