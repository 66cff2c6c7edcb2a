"""P22: the folder page on a slow phone with a slow line, in Chromium."""

import shutil
from collections.abc import Iterator
from statistics import median
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from bench.ground import PLATFORM, Ground
from bench.measuring import ROUNDS, Result, say
from bench.portal import HOST, Portal

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 390, "height": 844}
SLOWER = 4  # times
LINE = 1.6e6 / 8  # bytes a second, both ways
ANSWERS_IN_MS = 150  # of the line, as Lighthouse has it for such a phone
MOST_LCP, MOST_CLS, MOST_INP = 1500, 0.02, 100

WATCH = """
window.seen = {lcp: 0, cls: 0, inp: 0};
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) seen.lcp = one.startTime;
}).observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) seen.cls += one.value;
}).observe({type: "layout-shift", buffered: true});
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    if (one.interactionId) seen.inp = Math.max(seen.inp, one.duration);
  }
}).observe({type: "event", durationThreshold: 16, buffered: true});
"""


def p22(ground: Ground, portal: Portal) -> Iterator[Result]:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        raise LookupError(f"none of {', '.join(CHROMIUM)} is installed")
    with (
        ground.gunicorn("app:create_app()", portal.env) as port,
        sync_playwright() as playwright,
    ):
        rules = f"MAP *.{PLATFORM} 127.0.0.1"
        browser = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-gpu", f"--host-resolver-rules={rules}"],
        )
        visits = []
        for number in range(ROUNDS + 1):
            visit = _visit(browser, portal, port)
            visits += [visit] if number else []  # the first one warms the server
            say(".", end="" if number < ROUNDS else "\n")
        browser.close()
    first, later, shifts, taps = (
        [float(visit[name]) for visit in visits]
        for name in ("lcp", "later", "cls", "inp")
    )
    yield Result(
        id="P22",
        value=median(first),
        baseline=None,
        ratio=None,
        unit="ms to the largest paint",
        target=f"LCP < {MOST_LCP} ms, CLS < {MOST_CLS}, INP < {MOST_INP} ms",
        ok=median(first) < MOST_LCP
        and max(shifts) < MOST_CLS
        and median(taps) < MOST_INP,
        also={
            "later_visit_lcp": median(later),
            "cls": max(shifts),
            "inp": median(taps),
            "worst": max(first),
        },
    )


def _visit(browser: Browser, portal: Portal, port: int) -> dict[str, Any]:
    """With an empty cache, then again; the menu of a row is opened and shut."""
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    at = f"http://{HOST}:{port}"
    context.add_cookies([{"name": "sid", "value": portal.cookie, "url": at}])
    context.add_init_script(WATCH)
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    line.send("Network.enable")
    line.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": ANSWERS_IN_MS,
            "downloadThroughput": LINE,
            "uploadThroughput": LINE,
        },
    )
    address = at + portal.path(portal.big)
    page.goto(address, wait_until="networkidle")
    page.wait_for_selector("tr[data-document]")
    for _ in range(2):
        page.locator("tr[data-document] [data-acts]").first.tap()
        page.wait_for_timeout(400)
        page.keyboard.press("Escape")
        page.wait_for_timeout(400)
    first = page.evaluate("window.seen")
    page.goto(address, wait_until="networkidle")
    page.wait_for_timeout(300)
    later = page.evaluate("window.seen.lcp")
    context.close()
    return {**first, "later": later}
