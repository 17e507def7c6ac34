"""
Opens each page of the built site in Chromium, from its folder, and checks its layout.

Run by `nox -s docs_look`, with the folder of the site and one for pictures as its arguments. It
wants a `chromium` on the PATH (Debian's package is called so) and speaks to it through a pipe:
https://chromedevtools.github.io/devtools-protocol/.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: The viewports: name, width and height in CSS pixels.
SCREENS = (("desktop", 1280, 900), ("phone", 390, 844))
THEMES = ("light", "dark")

#: Finds elements that are wider than the screen without a scroll bar of their own, or that overlap
#: others.
_TOO_WIDE = """
(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const scrolls = (e) => e && (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX)
    || scrolls(e.parentElement));
  return [...document.querySelectorAll("main *, article *")]
    .filter((e) => e.getBoundingClientRect().right > width + 1 && !scrolls(e.parentElement))
    .map((e) => `${e.tagName} ${e.className} ${e.textContent.slice(0, 40)}`)
    .slice(0, 5).concat(["the page scrolls sideways"]);
})()
"""
_SEARCH = """
(async () => {
  for (let i = 0; i < 100; i++) {
    const found = document.querySelectorAll("#search-results li a").length;
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return 0;
})()
"""


class Browser:
    """
    A headless Chromium with one page.
    """

    def __init__(self, profile: str) -> None:
        command = shutil.which("chromium")
        if command is None:
            sys.exit("there is no chromium on the PATH: apt-get install chromium")
        # It reads commands from descriptor 3 and writes events to 4.
        reads, self._to = os.pipe()
        self._from, writes = os.pipe()
        self._process = subprocess.Popen(
            [
                *("bash", "-c", f'exec "$@" 3<&{reads} 4>&{writes}', "chromium", command),
                *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *("--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"),
            ],
            pass_fds=(reads, writes),
            stderr=subprocess.DEVNULL,
        )
        os.close(reads)
        os.close(writes)
        self._unread = b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """
        Send a command and return its result; meanwhile, events are collected in `events`.
        """
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return dict(answer["result"])
            self.events.append(answer)

    def wait_for(self, method: str) -> None:
        """
        Wait for an event of that kind since `events` was last empty.
        """
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._next())

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            data = os.read(self._from, 1 << 16)
            if not data:
                sys.exit("chromium ended")
            self._unread += data
        message, _, self._unread = self._unread.partition(b"\0")
        return dict(json.loads(message))

    def value(self, expression: str) -> Any:
        """
        Return the value of *expression* on the page.
        """
        answer = self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        return answer["result"].get("value")

    def close(self) -> None:
        """
        End it.
        """
        self._session = None
        self.ask("Browser.close")
        self._process.wait(timeout=30)
        os.close(self._to)
        os.close(self._from)

    def open(self, url: str, width: int, height: int, theme: str) -> None:
        """
        Open *url* on a screen of that size, with that colour scheme.
        """
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.ask(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": theme}],
        )
        self.events.clear()
        self.ask("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def picture(self, file: Path) -> None:
        """
        Write a picture of the whole page to *file*.
        """
        answer = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(answer["data"]))

    def troubles(self) -> Iterator[str]:
        """
        Yield the page's requests to other hosts, and its error messages.
        """
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith(("file:", "data:")):
                    yield f"asks for {url}"
            elif event.get("method") == "Runtime.exceptionThrown":
                yield f"fails: {params['exceptionDetails'].get('text')}"
            elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
                yield f"complains: {params['entry']['text']}"


def look_at(site: Path, pictures: Path) -> Iterator[str]:
    """
    Yield the errors of the pages of *site*, a line for each.
    """
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        for page in sorted(site.rglob("*.html")):
            name = page.relative_to(site).with_suffix("").as_posix().replace("/", "-")
            for screen, width, height in SCREENS:
                for theme in THEMES:
                    browser.open(page.resolve().as_uri(), width, height, theme)
                    wide = browser.value(_TOO_WIDE)
                    for trouble in [*wide, *browser.troubles()]:
                        yield f"{name} on a {theme} {screen}: {trouble}"
                    browser.picture(pictures / f"{name}.{screen}.{theme}.png")
        browser.open(f"{(site / 'search.html').resolve().as_uri()}?q=deadline", 1280, 900, "light")
        if not browser.value(_SEARCH):
            yield "the search finds nothing"
        yield from (f"searching: {trouble}" for trouble in browser.troubles())
        browser.picture(pictures / "search.found.png")
        browser.close()


def main() -> int:
    """
    Print the errors, and return the exit code.
    """
    site, pictures = map(Path, sys.argv[1:3])
    faults = list(look_at(site, pictures))
    print("\n".join([*faults, f"{len(faults)} faults; pictures are in {pictures}"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
