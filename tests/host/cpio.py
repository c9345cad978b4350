# SPDX-License-Identifier: BSD-2-Clause
"""Writes "newc" cpio archives, the format of a Linux initramfs.

No root privileges are needed, and equal input gives equal bytes: every file
belongs to root, carries time stamp 0, and entries are sorted by name.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

# Linux reads concatenated archives; each must start on a multiple of 4 bytes.
ALIGNMENT = 512


class Archive:
    """A file tree in memory. Names are relative ("usr/bin/xl")."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[int, bytes]] = {}

    def add_directory(self, name: str) -> None:
        """Adds a directory and its parents. Existing ones stay."""
        if name in ("", "."):
            return
        self.add_directory(os.path.dirname(name))
        self._entries.setdefault(name, (stat.S_IFDIR | 0o755, b""))

    def add_file(self, name: str, source: Path) -> None:
        """Adds a copy of a file (links followed). The x bit is kept."""
        mode = 0o755 if os.access(source, os.X_OK) else 0o644
        self.add_bytes(name, source.read_bytes(), mode)

    def add_bytes(self, name: str, data: bytes, mode: int = 0o644) -> None:
        self.add_directory(os.path.dirname(name))
        self._entries[name] = (stat.S_IFREG | mode, data)

    def add_link(self, name: str, target: str) -> None:
        self.add_directory(os.path.dirname(name))
        self._entries[name] = (stat.S_IFLNK | 0o777, target.encode())

    def add_tree(self, name: str, source: Path) -> None:
        """Adds the directory `source` with all below it as `name`."""
        self.add_directory(name)
        for path in source.iterdir():
            inside = os.path.join(name, path.name)
            if path.is_symlink():
                self.add_link(inside, os.readlink(path))
            elif path.is_dir():
                self.add_tree(inside, path)
            else:
                self.add_file(inside, path)

    def to_bytes(self) -> bytes:
        parts = [_entry(inode, name, mode, data) for inode, (name, (mode, data))
                 in enumerate(sorted(self._entries.items()), start=1)]
        parts.append(_entry(0, "TRAILER!!!", 0, b""))
        return pad(b"".join(parts), ALIGNMENT)


def pad(data: bytes, alignment: int) -> bytes:
    return data + bytes(-len(data) % alignment)


def _entry(inode: int, name: str, mode: int, data: bytes) -> bytes:
    path = name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    # inode, mode, uid, gid, links, mtime, size, 2 device pairs, name size, sum
    fields = (inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(path), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return pad(header + path, 4) + pad(data, 4)
