"""Copies jars for a bundle: without other platforms' native libraries, and stored, for the archive to compress.

    python3 thin_jars.py FROM TO
"""

import pathlib
import re
import sys
import zipfile

LIBRARY = re.compile(r"\.(so|dll|dylib|jnilib|a)$")
HERE = re.compile(r"linux[-_/.]?(x86[-_]64|amd64)|x86_64-linux", re.IGNORECASE)
# JCuda's other bindings are not used; its driver binding is unpacked, because it would unpack itself into a shared folder.
JCUDA = re.compile(r"^lib/libJ\w+-[\d.]+-linux-x86_64\.so$")
EPOCH = (1980, 1, 1, 0, 0, 0)  # what a zip file can say at the least, so that the same jars give the same bytes


def wanted(name: str) -> bool:
    return not JCUDA.search(name) and (not LIBRARY.search(name) or bool(HERE.search(name)))


def main() -> None:
    source, target = map(pathlib.Path, sys.argv[1:])
    target.mkdir(parents=True)
    for jar in sorted(source.glob("*.jar")):
        with zipfile.ZipFile(jar) as old, zipfile.ZipFile(target / jar.name, "w") as new:
            for entry in old.infolist():
                if entry.is_dir() or not wanted(entry.filename):
                    continue
                new.writestr(zipfile.ZipInfo(entry.filename, EPOCH), old.read(entry))


if __name__ == "__main__":
    main()
