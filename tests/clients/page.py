"""The page in headless Chromium: the picture moves, the figures are there, and what goes wrong is told."""

import contextlib
import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

from server import Failure, Server, require

TOKEN = "not-for-everybody"
# The built-in camera on a Raspberry Pi 3 that is hot and wants a stronger supply.
CAMERA, SIZE, MACHINE = "test:640x360@10", [640, 360], "pi3"
FIGURES = {
    "Frame rate", "Latency, captured", "Latency, sent", "Jitter", "Queue depth", "Lost", "Corrupt", "Skipped",
    "Viewers", "Temperature",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# What is seen, as a number that another picture does not have.
LOOK = """() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 }).getContext("2d");
  canvas.drawImage(document.querySelector("img"), 0, 0, 320, 180);
  return canvas.getImageData(0, 0, 320, 180).data.reduce((hash, byte) => (31 * hash + byte) | 0);
}"""
SHOWN = """() => Object.fromEntries([...document.querySelectorAll("dl > div")].map(row =>
  [row.querySelector("dt").textContent, row.querySelector("b").textContent]))"""
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


class Relay:
    """A way to the server that can be cut."""

    def __init__(self, port):
        self.to = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "http://127.0.0.1:{}".format(self.listener.getsockname()[1])
        self.streams = []  # both ends of each
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.to)) as server:
            threading.Thread(target=self.answer, args=(server, client), daemon=True).start()
            # A connection may be used for one request after the other; each fits into a read.
            while request := client.recv(65536):
                if request.startswith(b"GET /stream"):
                    self.streams.append((client, server))
                server.sendall(request)

    @staticmethod
    def answer(server, client):
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """Ends the streams that there are."""
        for end in (end for stream in self.streams for end in stream):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Visit:
    """The page, opened as it is on such a screen; what the browser complains of is a failure in the end."""

    def __init__(self, browser, address, query=f"?token={TOKEN}", seen=None, **screen):
        self.address = seen or address
        self.complaints = []
        self.page = browser.new_context(**screen).new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self.look_at_request)
        self.page.goto(f"{address}/{query}")

    def look_at_request(self, request):
        if not request.is_navigation_request() and not request.url.startswith((self.address + "/", "data:")):
            self.complaints.append(f"asks {request.url}")

    def wait(self, state, seconds=60):
        """Until the page tells a state that begins so."""
        script = "state => document.getElementById('state').textContent.startsWith(state)"
        try:
            self.page.wait_for_function(script, arg=state, timeout=1000 * seconds, polling=100)
        except Exception as error:
            raise Failure(f"the page says {self.page.inner_text('#state')!r}, not {state!r}: {error}") from error

    def moves(self):
        first = self.page.evaluate(LOOK)
        time.sleep(1)
        require(self.page.evaluate(LOOK) != first, "the picture on the page does not move")

    def is_accessible(self, axe):
        width = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        require(width[0] <= width[1], f"the page is {width[0]} pixels wide on a screen of {width[1]}")
        found = axe.run(self.page).response
        require(found["passes"], "axe looked at nothing")
        flaws = [f"{flaw['id']} ({flaw['help']}): {flaw['nodes'][0]['html']}" for flaw in found["violations"]]
        require(not flaws, "axe finds " + "; ".join(flaws))

    def end(self, *foreseen):
        complaints = [text for text in self.complaints if not any(each in text for each in foreseen)]
        require(not complaints, f"the browser complains: {complaints}")
        self.page.context.close()


def check(program, artifacts):
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    require(path, f"there is none of {', '.join(BROWSERS)}")
    axe = Axe()
    with contextlib.ExitStack() as stack:
        config = Path(stack.enter_context(tempfile.TemporaryDirectory()), "picam.toml")
        config.write_text(f'[http]\ntoken = "{TOKEN}"\n')
        options = {"machine": MACHINE, "query": f"?token={TOKEN}"}

        def serve(device, **more):
            return Server(program, "--config", str(config), "--device", device, **options, **more)

        playwright = stack.enter_context(sync_playwright())
        # Its sandbox is not for root; and shared memory is small in containers.
        arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = stack.enter_context(playwright.chromium.launch(executable_path=path, args=arguments))
        with serve(CAMERA) as server:
            shows_what_is_captured(browser, server, axe, artifacts)
            fits_a_phone(browser, server, axe, artifacts)
            hides_the_token(browser, server)
            signs_in_by_address(browser, server)
            is_patient(browser, server)
            opens_a_broken_stream_again(browser, server)
            port = server.port
            visit = Visit(browser, server.address)
            visit.wait("Live")
        visit.wait("picam does not answer")
        with serve(CAMERA, port=port):
            visit.wait("Live")
            visit.moves()
            visit.end("ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE")
        with serve("name=Nobody") as server:
            tells_what_it_waits_for(browser, server, axe, artifacts)
        return f"{browser.version}: live, phone, stream cut, picam gone and back, waiting; screenshots in {artifacts}"


def shows_what_is_captured(browser, server, axe, artifacts):
    visit = Visit(browser, server.address, viewport={"width": 1280, "height": 800}, color_scheme="dark")
    page = visit.page
    visit.wait("Live")
    visit.moves()
    size = page.evaluate("(img => [img.naturalWidth, img.naturalHeight])(document.querySelector('img'))")
    require(size == SIZE, f"the picture on the page is {size}")
    page.wait_for_function("() => document.querySelector('path.line')?.getAttribute('d').includes('L')", timeout=30000)
    shown = page.evaluate(SHOWN)
    require(set(shown) == FIGURES, f"the page shows {sorted(shown)}")
    empty = [name for name, text in shown.items() if not text.replace(",", "").replace(".", "").isdigit()]
    require(not empty, f"the page has no figure of {empty}")
    require(5 < float(shown["Frame rate"]) < 12, f"the page shows {shown['Frame rate']} fps of 10")
    require(shown["Viewers"] == "1", f"the page shows {shown['Viewers']} viewers")
    require("640×360 at 10 fps" in page.inner_text("#format"), f"the page shows {page.inner_text('#format')!r}")
    require("under-voltage now" in page.inner_text("dl"), "the page does not tell of the under-voltage")
    visit.is_accessible(axe)
    page.screenshot(path=Path(artifacts, "page.png"))

    page.click("text=Pause")
    visit.wait("Paused")
    page.click("text=Play")
    visit.wait("Live")

    clients = lambda: server.status()["http"]["clients"]
    page.evaluate(HIDE, True)
    server.wait(lambda: clients() == 0, "lose the client whose page is hidden", 15)
    page.evaluate(HIDE, False)
    visit.wait("Live")
    visit.moves()
    visit.end()


def hides_the_token(browser, server):
    """The cookie takes its place in the address, for the next visit too; a wrong one is told, and asked for by nobody."""
    visit = Visit(browser, server.address)
    visit.wait("Live")
    require(TOKEN not in visit.page.url, f"the page's address is {visit.page.url}")
    again = visit.page.context.new_page()
    again.goto(server.address)
    again.wait_for_function("() => document.getElementById('state').textContent === 'Live'", timeout=30000)
    again.close()
    visit.page.context.clear_cookies()
    visit.wait("picam wants its token")
    visit.end("401")


def signs_in_by_address(browser, server):
    """A name and a password in the address: browsers load nothing that has them."""
    visit = Visit(browser, server.address.replace("//", f"//any:{TOKEN}@"), query="", seen=server.address)
    visit.wait("Live")
    visit.moves()
    visit.end()


def is_patient(browser, server):
    """A picture that stands still is live, where no other is due."""
    visit = Visit(browser, server.address, query=f"?token={TOKEN}&fps=0.1")
    visit.wait("Live")
    visit.page.evaluate("""() => {
      window.told = [];
      new MutationObserver(() => told.push(document.getElementById("state").textContent))
        .observe(document.getElementById("state"), { childList: true, characterData: true, subtree: true });
    }""")
    time.sleep(15)
    told = visit.page.evaluate("told")
    require(not told, f"the page says {told}")
    visit.end()


def fits_a_phone(browser, server, axe, artifacts):
    visit = Visit(browser, server.address, viewport={"width": 390, "height": 844}, color_scheme="light", has_touch=True)
    visit.wait("Live")
    visit.moves()
    visit.is_accessible(axe)
    visit.page.screenshot(path=Path(artifacts, "phone.png"), full_page=True)
    visit.end()


def opens_a_broken_stream_again(browser, server):
    relay = Relay(server.port)
    visit = Visit(browser, relay.address)
    visit.wait("Live")
    visit.moves()
    relay.cut()
    visit.wait("No new pictures")
    visit.wait("Live")
    visit.moves()
    require(len(relay.streams) == 2, f"the page opened {len(relay.streams)} streams")
    visit.end()
    relay.listener.close()


def tells_what_it_waits_for(browser, server, axe, artifacts):
    visit = Visit(browser, server.address, viewport={"width": 1280, "height": 800}, color_scheme="light")
    visit.wait("Waiting: ")
    state = visit.page.inner_text("#state")
    require("Nobody" in state, f"the page says {state!r}, not which camera it waits for")
    visit.page.wait_for_function("() => document.querySelector('img').naturalWidth > 0", timeout=30000)
    visit.is_accessible(axe)
    visit.page.screenshot(path=Path(artifacts, "waiting.png"))
    visit.end()
