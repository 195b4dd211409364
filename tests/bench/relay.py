"""This machine's loopback at an address that network namespaces reach: `python -m tests.bench.relay IP PORT...`.

Byte for byte and nothing else: Postgres, Redis and the sandbox listen on loopback only.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import uvloop

from he_sync.cli.ports import HOST

CHUNK = 1 << 16


async def relay(address: str, some: list[int]) -> None:
    """Until the process is ended."""
    for port in some:
        await asyncio.start_server(lambda reader, writer, port=port: _both(reader, writer, port), address, port)
    await asyncio.Event().wait()


async def _both(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    with suppress(OSError):
        there, back = await asyncio.open_connection(HOST, port)
        await asyncio.gather(_one_way(reader, back), _one_way(there, writer))


async def _one_way(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
    target.close()


if __name__ == "__main__":
    uvloop.run(relay(sys.argv[1], [int(port) for port in sys.argv[2:]]))
