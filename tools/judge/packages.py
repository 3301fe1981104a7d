"""The packages that the judge is trained and tested on, and the files in them, in a fixed order."""

import gzip
import io
import os
import tarfile
import zipfile

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sources.txt")
LARGEST = 2_000_000


def read_sources():
    """Every line of sources.txt as [set, registry, name, version, sha256]; a comment as it is."""
    with open(SOURCES, encoding="utf-8") as lines:
        return [line.rstrip("\n") if line.startswith("#") or not line.strip() else line.split() for line in lines]


def files_of(path, registry):
    """Every file of one package as (name, a function that reads it)."""
    if registry in ("pypi", "go"):
        archive = zipfile.ZipFile(path)
        return [(info.filename, lambda info=info: archive.read(info))
                for info in sorted(archive.infolist(), key=lambda i: i.filename)
                if not info.is_dir() and info.file_size <= LARGEST]
    with gzip.open(path) as packed:
        archive = tarfile.open(fileobj=io.BytesIO(packed.read()))
    return [(info.name, lambda info=info: archive.extractfile(info).read())
            for info in sorted((i for i in archive if i.isfile()), key=lambda i: i.name) if info.size <= LARGEST]


def packages(root, which):
    """The packages of a set: (registry:name, registry, path)."""
    for registry in ("crates", "go", "npm", "pypi"):
        folder = os.path.join(root, which, registry)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            if not name.endswith(".version"):
                yield "%s:%s" % (registry, name.replace("+", "/")), registry, os.path.join(folder, name)


def texts(root, which, suffixes=None, most=None):
    """Files that are UTF-8 text, limited for each package and spread over it: (package, name, text)."""
    for package, registry, path in packages(root, which):
        files = [(name, read) for name, read in files_of(path, registry)
                 if suffixes is None or os.path.splitext(name)[1].lower() in suffixes]
        if most is not None and len(files) > most:
            files = files[::-(-len(files) // most)]
        for name, read in files:
            try:
                yield package, name, read().decode()
            except UnicodeDecodeError:
                continue
