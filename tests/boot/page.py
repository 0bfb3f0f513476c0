"""What a guest's picam serves, asked for from outside, by a port of this machine."""

import http.client
import json
import re
import socket
import time
import urllib.error
import urllib.request

from guest import Failure

TOKEN = "of-this-test-only"
# In picam.toml, at its end.
SERVE = f'[http]\nlisten = "0.0.0.0:8080"\ntoken = "{TOKEN}"\n'


class Unanswered(Failure):
    """No server was reached, neither to say yes nor no."""


class Page:
    """QEMU's user network has to be told `forward`."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.forward = f"hostfwd=tcp:127.0.0.1:{self.port}-:8080"

    def answers(self, path, status, token=None, holds=lambda body: True, timeout=180):
        """Waits until the server answers so: what it answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        deadline = time.monotonic() + timeout
        reached = False
        while True:
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    have = answer.status, answer.headers, answer.read()
            except urllib.error.HTTPError as error:
                have = error.code, error.headers, error.read()
            except (OSError, http.client.HTTPException) as error:
                have = None, None, str(error).encode()
            reached = reached or have[0] is not None
            if have[0] == status and holds(have[2]):
                return have[1:]
            if time.monotonic() > deadline:
                raise (Failure if reached else Unanswered)(f"{path} is answered by status {status} and what is right, and not {have[0]}: {have[2][:400]}")
            time.sleep(0.5)

    def serves(self):
        """Pictures and figures, to whoever has the token and nobody else: the pictures' numbers."""
        for path in "/", "/snapshot", "/status.json", "/metrics":
            self.answers(path, 200, TOKEN)
            self.answers(path, 401)
            self.answers(path, 401, "another")
        frames = []
        for _ in range(5):
            headers, picture = self.answers("/snapshot", 200, TOKEN)
            if picture[:2] != b"\xff\xd8" or picture[-2:] != b"\xff\xd9":
                raise Failure(f"a JPEG is served, and not {picture[:20]}")
            frames.append(int(headers["X-Sequence"]))
            time.sleep(1)
        if sorted(set(frames)) != frames:
            raise Failure(f"each picture is of a later frame: {frames}")
        return frames

    def shows(self, holds):
        """Waits until the status page shows so: what it shows."""
        return json.loads(self.answers("/status.json", 200, TOKEN, lambda body: holds(json.loads(body)))[1])

    def well(self):
        """Waits until it shows that picam captures, and nothing that is wrong."""
        self.shows(lambda page: page["state"] == "capturing" and not page["waiting_for"] and not page["warnings"])

    def waits(self):
        """Waits until it shows that there is no camera: what it says of it."""
        return self.shows(lambda page: page["state"] == "waiting" and page["waiting_for"])["waiting_for"]

    def warns(self, pattern):
        """Waits until it shows a warning that this is in: the warning."""
        def found(page):
            return [each for each in page["warnings"] if re.search(pattern, each)]

        return found(self.shows(found))[0]


class NoPage:
    """In place of Page where a guest has no network: nothing is asked, and each answer says so."""

    ABSENT = "not asked for, without a network"

    def __init__(self, forward, captures):
        """`captures` waits for the console to say that picam captures, which is what `well` has left."""
        self.forward, self.captures = forward, captures

    def answers(self, *_):
        return self.ABSENT

    def well(self):
        self.captures()

    def waits(self):
        return self.ABSENT

    def warns(self, _):
        return self.ABSENT
