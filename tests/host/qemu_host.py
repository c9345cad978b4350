# SPDX-License-Identifier: BSD-2-Clause
"""Runs a Xen host in QEMU, without KVM, and follows its serial console.

Used by qemu-run and by the end-to-end tests. A `Boot` says what to start; a
`Host` is the running machine, a context manager that never outlives its block.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import cpio

# Any of these in the console's output ends the run as a failure.
BROKEN = re.compile(
    r"Panic on CPU|\(XEN\) Assertion|\(XEN\) Xen BUG|\(XEN\) Unexpected Trap"
    r"|Kernel panic|Internal error: Oops|BUG: |Oops: |general protection fault")
# What Xen puts before its own messages, and before a guest's debug console.
XEN_PREFIX = re.compile(r"\((?:XEN|d\d+)\) ")
QUIET_AFTER_PANIC = 1.0  # seconds: then its report is taken to be complete
TAIL_LINES = 40


class HostFailure(Exception):
    """The host did not do what was asked; the text says why."""


class TimeLimit(HostFailure):
    """The deadline has passed."""


@dataclass
class Boot:
    """One boot. `overlays`: directories or cpio files laid over dom0's root."""
    arch: str
    hypervisor: Path
    kernel: Path
    initrd: Path
    log: Path
    overlays: list[Path] = field(default_factory=list)
    xen_args: str = ""
    kernel_args: str = ""     # after those that every dom0 gets
    disk: Path | None = None  # an image, dom0's /dev/sda (x86_64)
    memory: int = 2048  # MiB, the whole machine
    smp: int = 2
    icount: int | None = None # deterministic: 2^icount ns an instruction, one CPU
    iommu: bool = False   # AMD's (x86_64)

    def command(self, initrd: Path) -> list[str]:
        machine = _x86_64 if self.arch == "x86_64" else _arm64
        smp = self.smp if self.icount is None else 1
        command = [*machine(self, initrd), "-m", str(self.memory),
                   "-smp", str(smp), "-no-reboot", "-nodefaults",
                   "-display", "none", "-serial", "mon:stdio"]
        if self.icount is not None:
            command += ["-icount", f"shift={self.icount},sleep=off"]
        if self.iommu:
            command += ["-device", "amd-iommu"]
        if self.disk:
            command += ["-drive", f"file={_quoted(self.disk)},format=raw,if=ide"
                        ",cache=unsafe"]
        return command

    def initrd_bytes(self) -> bytes:
        parts = [self.initrd.read_bytes()]
        for overlay in self.overlays:
            parts.append(_directory_archive(overlay) if overlay.is_dir()
                         else overlay.read_bytes())
        return b"".join(cpio.pad(part, cpio.ALIGNMENT) for part in parts)


def _directory_archive(overlay: Path) -> bytes:
    archive = cpio.Archive()
    archive.add_tree("", overlay)
    return archive.to_bytes()


# With a maximum, dom0's kernel does not set up the whole machine's memory.
XEN_ARGS = "dom0_mem=512M,max:512M guest_loglvl=all"
# Without self-tests of ciphers, write protection and its check, a large bounce
# buffer and (x86) memory-mapped PCI configuration, dom0 boots in 60 % of the
# time. Emulated code is translated once for each address that it runs at: with
# programs at the same addresses each time, xl takes two thirds of the time. What
# hardens a kernel, and waiting for quiet CPUs, cost another tenth. On Arm a kernel
# at a random address changes page tables at each entry, whatever mitigations= says:
# a system call takes 20 us, not 1.5, a page fault 40, not 8.
KERNEL_ARGS = ("console=hvc0 quiet cryptomgr.notests=1 rodata=off swiotlb=512"
               " nokaslr norandmaps mitigations=off init_on_alloc=0 lsm="
               " rcupdate.rcu_expedited=1")
KERNEL_ARGS_X86_64 = f"{KERNEL_ARGS} pci=nommconf"


def _quoted(path: Path) -> str:
    """For an option of QEMU's that takes a list."""
    return str(path).replace(",", ",,")


def _x86_64(boot: Boot, initrd: Path) -> list[str]:
    # rdrand fills dom0's random pool; xl create waits 3 s for an empty one.
    return ["qemu-system-x86_64", "-machine", "q35",
            "-cpu", "qemu64,+svm,+npt,+rdrand", "-kernel", str(boot.hypervisor),
            "-append", f"console=com1 com1=115200,8n1 {XEN_ARGS} {boot.xen_args}",
            "-initrd", f"{_quoted(boot.kernel)} {KERNEL_ARGS_X86_64}"
                       f" {boot.kernel_args},{_quoted(initrd)}"]


def _arm64(boot: Boot, initrd: Path) -> list[str]:
    kernel = f"guest-loader,addr=0x49000000,kernel={boot.kernel}"
    return ["qemu-system-aarch64", "-machine",
            "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a57",
            "-kernel", str(boot.hypervisor),
            "-append", f"console=dtuart {XEN_ARGS} {boot.xen_args}",
            "-device", f"{kernel},bootargs={KERNEL_ARGS}",
            "-device", f"guest-loader,addr=0x50000000,initrd={initrd}"]


class Host:
    """A running machine. Set `deadline` (time.monotonic()) at any time."""

    def __init__(self, boot: Boot, limit: float) -> None:
        self.boot = boot
        self.started = time.monotonic()
        self.deadline = self.started + limit
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._partial = ""

    def __enter__(self) -> Host:
        self.boot.log.parent.mkdir(parents=True, exist_ok=True)
        self._log = self.boot.log.open("w", encoding="utf-8")
        self._initrd = tempfile.NamedTemporaryFile(prefix="initrd-")
        self._initrd.write(self.boot.initrd_bytes())
        self._initrd.flush()
        command = self.boot.command(Path(self._initrd.name))
        self._write_log(" ".join(command))
        # Should this process be killed, the kernel takes QEMU along.
        self._qemu = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None, trace: TracebackType | None) -> None:
        self._qemu.kill()
        self._qemu.wait()
        self._initrd.close()
        self._log.close()

    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def tail(self) -> str:
        """The end of the console's output, for a report."""
        return "\n".join(self._tail)

    def lines(self) -> Iterator[str]:
        """dom0's lines, until the machine powers off.

        Xen's own messages go to the log only. They may cut a line of dom0's in
        two, and are taken out of its middle.
        """
        for line in self._console():
            xen = XEN_PREFIX.search(line)
            self._partial += line[:xen.start()] if xen else line
            if not xen:
                yield self._partial
                self._partial = ""

    def _console(self) -> Iterator[str]:
        for line in self._raw_lines():
            self._tail.append(line)
            self._write_log(line)
            if BROKEN.search(line):
                self._take_report()
                raise HostFailure(f"the host broke down: {line.strip()}")
            yield line

    def _take_report(self) -> None:
        self.deadline = time.monotonic() + QUIET_AFTER_PANIC
        try:
            for line in self._raw_lines():
                self._tail.append(line)
                self._write_log(line)
        except TimeLimit:
            pass

    def _raw_lines(self) -> Iterator[str]:
        assert self._qemu.stdout is not None
        console = self._qemu.stdout.fileno()
        pending = b""
        while True:
            left = max(0.0, self.deadline - time.monotonic())
            if not select.select([console], [], [], left)[0]:
                raise TimeLimit("the time limit has passed")
            data = os.read(console, 65536)
            if not data:
                return
            *whole, pending = (pending + data).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace").replace("\r", "")

    def _write_log(self, line: str) -> None:
        self._log.write(f"[{self.elapsed():7.2f}] {line}\n")
        self._log.flush()
