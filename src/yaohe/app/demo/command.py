"""`yaohe demo`: fill the shop, put the host and the crowd on, say where to look."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

import msgspec
import segno

from yaohe.app.build import System
from yaohe.app.demo import crowd, host
from yaohe.app.demo.rundown import Rundown
from yaohe.app.demo.seed import GOODS, seed
from yaohe.kernel.children import Child, Children, ChildSpec
from yaohe.kernel.errors import TryAgain
from yaohe.live.rooms import Room


class DemoWish(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asked for."""

    host: bool
    crowd: bool
    as_json: bool


async def show_demo(system: System, wish: DemoWish, say: Callable[[str], None]) -> None:
    """Runs as long as the demo does; its children end with it."""
    room = await seed(system)
    token = await system.identity.setup_token()
    _print_addresses(system, room, token, wish, say)
    children = Children()
    folder = system.settings.data / "demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    if wish.host:
        url = f"rtmp://{system.settings.own_host}:{system.rtmp.port}/live/{room.stream_key}"
        show = host.Order(url=url, base=system.settings.own_address, room=room.id)
        children.add(_child(folder, "host", show))
    if wish.crowd:
        order = crowd.Order(base=system.settings.own_address, room=room.id)
        children.add(_child(folder, "crowd", order))
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(children.run())
            if wish.host:
                group.create_task(Rundown(system.shelf, room.id).run())
            # Drawn once, then kept: nobody's first look at the shelf waits for a drawing.
            for goods in GOODS:
                with contextlib.suppress(TryAgain):  # late on a busy machine: drawn when asked for
                    await system.studio.product_picture(goods.kind, crc32(b"1"))
            await asyncio.Event().wait()
    finally:
        await children.stop()


def _say_how_to_trust(system: System, say: Callable[[str], None]) -> None:
    """What a person with a phone does about a certificate that no authority signed."""
    say("The certificate is this machine's own, so a browser warns at the first visit: choose")
    say("Advanced → Proceed (Android), Show Details → visit this website (iPhone).")
    say("Where chat or video then stay away (iPhone), let the phone trust the certificate itself:")
    say(f"send it the file {system.settings.data / 'keys' / 'local.pem'}, open it, install it, and")
    say("switch it on at Settings → General → About → Certificate Trust Settings.")
    say(f"Write https:// with the address: port {system.settings.port} answers nothing else.")


def _child(folder: Path, name: str, order: msgspec.Struct) -> Child:
    """A supervised child that reads its order from a file only we can read."""
    path = folder / f"{name}.json"
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.encode(order))
    argv = [sys.executable, "-m", f"yaohe.app.demo.{name}", str(path)]
    return Child(ChildSpec(name=f"demo {name}", argv=argv, log_file=folder / f"{name}.log"))


def _print_addresses(
    system: System, room: Room, token: str | None, wish: DemoWish, say: Callable[[str], None]
) -> None:
    address = system.settings.address
    setup = f"{address}/studio/setup?token={token}" if token else None
    lan = system.settings.host == "0.0.0.0"  # noqa: S104 - compared, not listened on
    hostname = urlsplit(address).hostname or "127.0.0.1"
    hostname = f"[{hostname}]" if ":" in hostname else hostname
    told: dict[str, Any] = {
        "url": address,
        "studio_url": f"{address}/studio",
        "setup_url": setup,
        "rtmp_url": f"rtmp://{hostname}:{system.rtmp.port}/live",
        "room": room.id,
        "stream_key": room.stream_key,
    }
    if wish.as_json:
        print(msgspec.json.encode(told).decode(), flush=True)
        return
    say("")
    say(f"The room, live:   {address}/r/{room.id}")
    say(f"All rooms:        {address}/")
    say(f"The studio:       {setup or told['studio_url']}")
    if setup:
        say("                  (makes the owner's account; works once, for 24 hours)")
    say(f"Publish yourself: {told['rtmp_url']}   key {room.stream_key}")
    say(f"API:              {address}/docs")
    if lan:
        segno.make(f"{address}/r/{room.id}", error="m").terminal(out=sys.stderr, compact=True)
        if not system.settings.secure:
            say("Without HTTPS a phone's browser refuses: sharing pictures by its own sheet, and")
            say("copying by one tap. Start with --lan --tls, accept the certificate, and it works.")
    if system.settings.tls == "self":
        _say_how_to_trust(system, say)
    say("Ctrl-C stops everything.")
    say("")
