"""Machines of a network that there is not: namespaces, whose packets a program holds back.

``python -m benchmarks.network COUNT LATENCY_MS MBIT COMMAND…`` makes so many machines (Linux, as
root), starts the command on the first of them, and takes all away when it ends. There ``mpiexec
$MACHINES -n COUNT`` starts a rank on each.

Each machine has a link to a switch. A packet leaves when the one before it has left the link, at
the link's rate, waits for its place on the link of the machine that it goes to, and comes a latency
later. Packets are as long as the kernel's stack makes them, up to 64 KB (they are never cut into
frames), so that little time is spent on each; the bytes of the frames' headers count.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import select
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter

IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
TUNSETIFF, TUNSETOFFLOAD = 0x400454CA, 0x400454D0
CHECKSUMS, SEGMENTS = 1, 2
VIRTIO, ETHERNET, ALL = 10, 14, 66
"""Bytes of the header that says how long segments are; of Ethernet's; of all headers of a frame."""

GAP = 24
"""Bytes of a frame's preamble, checksum and gap."""

LARGEST, ROOMS, SPIN = 66_000, 1000, 60e-6
"""Bytes of a packet; packets on their way at once; seconds that are waited without sleep."""

PRIORITY = 10
"""Among the system's urgent processes: packets wait for no rank that computes."""

NAME = f"chainrule{os.getpid() % 10000}"


def machine(number: int) -> str:
    """Return the name of a machine, from 1 on."""
    return f"{NAME}-{number}"


def address(number: int) -> str:
    """Return its address."""
    return f"10.77.0.{number}"


def ethernet(number: int) -> str:
    """Return its link's address."""
    return f"02:00:00:00:00:{number:02x}"


def shell(*lines: str) -> None:
    """Run lines of the shell, which must succeed."""
    for line in lines:
        subprocess.run(shlex.split(line), check=True, capture_output=True)


def tap(name: str) -> int:
    """Return a new link, whose packets this program reads and writes."""
    link = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
    fcntl.ioctl(link, TUNSETIFF, request)
    fcntl.ioctl(link, TUNSETOFFLOAD, CHECKSUMS | SEGMENTS)
    return link


def make(count: int) -> list[int]:
    """Make machines, and return their links."""
    links = []
    for number in range(1, count + 1):
        name, inside = machine(number), f"ip -n {machine(number)}"
        shell(f"ip netns add {name}")
        links.append(tap(f"t{NAME[-4:]}{number}"))
        shell(
            f"ip link set t{NAME[-4:]}{number} netns {name} name eth0",
            f"{inside} link set dev eth0 address {ethernet(number)} mtu 1500 txqueuelen 10000",
            f"{inside} addr add {address(number)}/24 dev eth0",
            f"{inside} link set lo up",
            f"{inside} link set dev eth0 up",
            f"ip netns exec {name} sysctl -qw net.ipv4.tcp_slow_start_after_idle=0",
        )
    for number in range(1, count + 1):
        for other in set(range(1, count + 1)) - {number}:
            place = f"{address(other)} lladdr {ethernet(other)} dev eth0 nud permanent"
            shell(f"ip -n {machine(number)} neigh replace {place}")
    return links


def unmake(count: int) -> None:
    """Take machines away, and end what still runs on them."""
    for number in range(1, count + 1):
        found = subprocess.run(
            ["ip", "netns", "pids", machine(number)], capture_output=True, text=True, check=False
        )
        for process in found.stdout.split():
            os.kill(int(process), signal.SIGKILL)
        subprocess.run(["ip", "netns", "del", machine(number)], capture_output=True, check=False)


def size_on_wire(packet: bytearray, length: int) -> int:
    """Return the bytes of a packet that would travel, as frames."""
    length, segment = length - VIRTIO, int.from_bytes(packet[4:6], "little")
    if not segment:
        return length + GAP
    frames = -(-(length - ALL) // segment)
    return length + (frames - 1) * ALL + frames * GAP


def carry(links: Sequence[int], latency: float, rate: float) -> None:
    """Carry packets until a signal ends this."""
    out, into = [0.0] * len(links), [0.0] * len(links)
    waiting: list[tuple[float, int, int, int, bytearray]] = []
    count, places = 0, {link: place for place, link in enumerate(links)}
    free = [bytearray(LARGEST) for _ in range(ROOMS)]  # touched once, so that none is cleared again
    while True:
        now = perf_counter()
        while waiting and waiting[0][0] <= now:
            _, _, to, length, packet = heapq.heappop(waiting)
            with suppress(OSError):  # a link that is down
                os.write(links[to], memoryview(packet)[:length])
            free.append(packet)
        rest = waiting[0][0] - now if waiting else 1.0
        for link in select.select(links, [], [], max(0.0, rest - SPIN))[0]:
            place = places[link]
            packet = free.pop() if free else bytearray(LARGEST)
            length = os.readv(link, [packet])
            to = packet[VIRTIO + 5] - 1
            if packet[VIRTIO] & 1 or not 0 <= to < len(links):
                free.append(packet)
                continue
            seconds, now = size_on_wire(packet, length) / rate, perf_counter()
            begin = max(now, out[place])
            out[place] = begin + seconds
            into[to] = max(begin, into[to]) + seconds
            count += 1
            heapq.heappush(waiting, (into[to] + latency, count, to, length, packet))


@contextmanager
def network(count: int, latency: float, rate: float) -> Iterator[dict[str, str]]:
    """Have machines for a while; yield the variables with which ``mpiexec`` reaches them."""
    carrier = 0
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        links = make(count)
        carrier = os.fork()
        if not carrier:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
            try:
                carry(links, latency, rate)
            finally:
                os._exit(1)
        with tempfile.TemporaryDirectory() as folder:
            yield {**os.environ, "MACHINES": options(count, Path(folder)), **MPICH}
    finally:
        unmake(count)
        if carrier:
            os.kill(carrier, signal.SIGKILL)
            os.waitpid(carrier, 0)
        signal.signal(signal.SIGTERM, before)


MPICH = {
    "MPIR_CVAR_CH4_NETMOD": "ofi",
    "FI_PROVIDER": "tcp",
    "FI_TCP_IFACE": "eth0",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Variables with which MPICH's messages go through the link."""


def options(count: int, folder: Path) -> str:
    """Return mpiexec's options that start a rank on each machine."""
    start = folder / "start"  # as ssh would: HOST COMMAND…
    start.write_text(
        "#!/bin/bash\n"
        'while [ "${1#-}" != "$1" ]; do shift; done\n'
        f'name={NAME}-"${{1##*.}}"; shift\n'
        'exec ip netns exec "$name" unshare --uts sh -c "hostname $name; $*"\n',
        encoding="ascii",
    )
    start.chmod(0o755)
    hosts = ",".join(address(number) for number in range(1, count + 1))
    given = f"-launcher ssh -launcher-exec {start} -iface eth0 -localhost {address(1)}"
    return f"{given} -hosts {hosts} -ppn 1"


def main() -> int:
    """Start a command on the first machine."""
    count, latency, megabits = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    with network(count, latency / 1e3, megabits * 1e6 / 8) as variables:
        command = ["ip", "netns", "exec", machine(1), *sys.argv[4:]]
        return subprocess.run(command, env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
