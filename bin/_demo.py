"""Starts every part of Guichet, waits until it answers, and ends all of it together."""

import fcntl
import http.client
import json
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

from _parts import (
    ROOT,
    VENV,
    Part,
    PartFailed,
    Queue,
    end,
    free_port,
    is_taken,
    listens,
)

PATIENCE = 90.0  # seconds for a part to answer
MARK = ".guichet-demo"  # the folder is ours to empty; locked while a demo runs
# Settings of the application that the caller may give; `exec` gets them too.
PASSED_ON = (
    *("MAIL_SERVER", "MAIL_PORT", "MAIL_USE_TLS", "MAIL_USE_SSL", "MAIL_USERNAME"),
    *("MAIL_PASSWORD", "MAIL_TIMEOUT", "TICK_MINUTES", "MAX_UPLOAD_MB", "MAX_MAIL_MB"),
    *("ADDRESS_SEPARATOR", "TRUSTED_PROXIES", "INBOUND_WEBHOOK_SECRET", "CLAMD_URL"),
    *("SENTRY_DSN", "LOG_LEVEL", "OCR", "INBOUND_PROTOCOL", "INBOUND_IMAP_URL"),
    *("DNS_SERVERS", "REDIS_VERIFY"),
)


class Refused(Exception):
    """The demo cannot start like this; the message says what to change."""


class Stopped(Exception):
    """Somebody asked the demo to end."""


# Where


@dataclass(frozen=True)
class Place:
    """The folder and the ports that the environment gives this demo."""

    folder: Path
    port: int
    mail_port: int
    inbound_port: int
    has_own_inbox: bool

    @classmethod
    def from_environment(cls) -> "Place":
        given = os.environ.get("DEMO_DIR")
        server, port = os.environ.get("MAIL_SERVER"), os.environ.get("MAIL_PORT")
        if bool(server) != bool(port):
            raise Refused("MAIL_SERVER et MAIL_PORT vont ensemble : donnez les deux.")
        return cls(
            folder=Path(given).absolute() if given else ROOT / "var/demo",
            port=port_from("PORT", 5000),
            mail_port=port_from("MAIL_UI_PORT", 8025),
            inbound_port=port_from("INBOUND_PORT", 2525),
            has_own_inbox=not server,
        )

    @property
    def environment_file(self) -> Path:
        return self.folder / "env.json"


def port_from(name: str, default: int) -> int:
    raw = os.environ.get(name) or str(default)
    if not raw.isdecimal() or not 0 < int(raw) < 65536:
        raise Refused(f"{name}={raw} n'est pas un numéro de port.")
    return int(raw)


def take(folder: Path) -> TextIOWrapper:
    """Makes the folder ours until the file returned is closed."""
    mark = folder / MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise Refused(
            f"{folder} contient autre chose qu'une démonstration : choisissez un autre"
            " dossier avec DEMO_DIR=…"
        )
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    lock = mark.open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Refused(
            f"Une démonstration tourne déjà dans {folder} : arrêtez-la, ou choisissez"
            " un autre dossier avec DEMO_DIR=…"
        ) from None
    return lock


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARK:
            path.unlink()


# The parts


class Demo:
    """Starts the parts one on the other; they end the other way round."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.logs = place.folder / "log"
        self.logs.mkdir(exist_ok=True)
        self.settings = settings(place)
        self.ground: list[Part] = []  # what the house stands on
        self.house: list[Part] = []
        self.times_asked_to_stop = 0

    def run(self) -> NoReturn:
        """Ends by raising Stopped, PartFailed or Refused."""
        refuse_taken_ports(self.place)
        self.start_queue()
        self.start_inbox()
        say("Préparation des données…")
        self.finish("migrations", VENV / "flask", "db", "upgrade")
        self.finish("seed", VENV / "flask", "seed", "demo")
        self.start_house()
        publish(self.place, self.settings)
        say(welcome(self.place))
        while True:
            self.breathe()

    def start_queue(self) -> None:
        if given := os.environ.get("REDIS_URL"):
            self.settings["REDIS_URL"] = given
            return
        try:
            queue = Queue(
                self.place.folder / "queue", self.logs / "queue.log", keep=True
            )
        except FileNotFoundError:
            raise Refused(
                "Aucun serveur Redis pour cette machine : installez redis-server,"
                " ou donnez REDIS_URL."
            ) from None
        self.start(queue, self.ground)
        self.wait(queue, queue.is_ready)
        self.settings["REDIS_URL"] = queue.url

    def start_inbox(self) -> None:
        if not self.place.has_own_inbox:
            return
        smtp, web = free_port(), self.place.mail_port
        inbox = self.part(
            *("inbox", VENV / "maildump", "-f", "--no-quit"),
            *("--smtp-ip", "127.0.0.1", "--smtp-port", str(smtp)),
            *("--http-ip", "127.0.0.1", "--http-port", str(web)),
            *("--db", self.place.folder / "mail.db"),
        )
        self.start(inbox, self.ground)
        self.wait(inbox, lambda: listens(smtp) and listens(web))
        self.settings |= {
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": str(smtp),
            # What the environment says about another server.
            **dict.fromkeys(("MAIL_USERNAME", "MAIL_PASSWORD"), ""),
            **dict.fromkeys(("MAIL_USE_TLS", "MAIL_USE_SSL"), "false"),
        }

    def start_house(self) -> None:
        web = self.part(
            *("web", VENV / "gunicorn", "--no-control-socket"),
            *("--worker-class", "gthread", "--workers", "1", "--threads", "8"),
            *("--bind", f"127.0.0.1:{self.place.port}", "app:create_app()"),
        )
        worker = self.part("worker", VENV / "python", "worker.py")
        mailroom = self.part("mailroom", VENV / "flask", "mailroom")
        self.start(web, self.house)
        self.start(worker, self.house)
        self.start(mailroom, self.house)
        self.wait(web, lambda: is_healthy(self.place.port))
        self.wait(mailroom, lambda: listens(self.place.inbound_port))

    # Starting, waiting, ending

    def part(self, name: str, *command: str | Path) -> Part:
        env = dict(os.environ) | self.settings
        return Part(name, command, self.logs / f"{name}.log", env)

    def start(self, part: Part, group: list[Part]) -> None:
        group.append(part)
        part.start()

    def finish(self, name: str, *command: str | Path) -> None:
        """Runs one command to its end."""
        part = self.part(name, *command)
        self.start(part, self.house)
        while (code := part.exit_code()) is None:
            self.breathe(part)
        self.house.remove(part)
        if code:
            raise PartFailed(part, f"a échoué (code {code})")

    def wait(self, part: Part, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not until():
            self.breathe()
            if time.monotonic() > deadline:
                raise PartFailed(part, f"ne répond pas après {PATIENCE:.0f} s")

    def breathe(self, expected: Part | None = None) -> None:
        """A tenth of a second, unless somebody asks to stop or a part has ended."""
        time.sleep(0.1)
        if self.times_asked_to_stop:
            raise Stopped
        for part in self.ground + self.house:
            code = part.exit_code()
            if code is not None and part is not expected:
                raise PartFailed(part, f"s'est arrêté (code {code})")

    def end(self) -> None:
        self.place.environment_file.unlink(missing_ok=True)
        end(self.house, in_a_hurry=self.is_in_a_hurry)
        end(self.ground, in_a_hurry=self.is_in_a_hurry)

    def is_in_a_hurry(self) -> bool:
        return self.times_asked_to_stop > 1

    def ask_to_stop(self, *_: object) -> None:
        self.times_asked_to_stop += 1


def refuse_taken_ports(place: Place) -> None:
    wanted = [
        ("PORT", place.port, "le site"),
        ("INBOUND_PORT", place.inbound_port, "le courrier des automates"),
    ]
    if place.has_own_inbox:
        wanted.append(("MAIL_UI_PORT", place.mail_port, "la boîte aux lettres"))
    for name, port, what in wanted:
        if is_taken(port):
            raise Refused(
                f"Le port {port} ({what}) est déjà pris :"
                f" choisissez-en un autre, par exemple {name}={port + 1} bin/demo"
            )


def is_healthy(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/healthz", headers={"Host": f"localhost:{port}"})
        return line.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


# The environment


def settings(place: Place) -> dict[str, str]:
    """What the demo says to the application, over the caller's environment."""
    path = os.pathsep.join([str(VENV), os.environ.get("PATH", "")])
    given = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return given | {
        "GUICHET_ENV": "demo",
        "SECRET_KEY": secret_key(place.folder / "secret_key"),
        "DATABASE_URL": f"sqlite:///{place.folder / 'guichet.db'}",
        "STORAGE_URL": (place.folder / "files").as_uri(),
        "PLATFORM_DOMAIN": "localhost",
        "PUBLIC_PORT": str(place.port),
        "MAIL_DOMAIN": "guichet.example",
        "INBOUND_HOST": "127.0.0.1",
        "INBOUND_PORT": str(place.inbound_port),
        "FLASK_APP": "app",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PATH": path,
    }


def secret_key(file: Path) -> str:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    return file.read_text()


def publish(place: Place, settings: dict[str, str]) -> None:
    """Leaves the environment for `bin/demo exec`."""
    fresh = place.environment_file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(settings, indent=2))
    fresh.replace(place.environment_file)


def run_inside(place: Place, command: list[str]) -> NoReturn:
    """Becomes the command, in the environment of the demo that runs."""
    if not is_running(place.folder):
        raise Refused(
            f"Aucune démonstration ne tourne dans {place.folder} :"
            " lancez d'abord bin/demo."
        )
    if not place.environment_file.exists():
        raise Refused("La démonstration n'est pas encore prête.")
    env = dict(os.environ) | json.loads(place.environment_file.read_text())
    try:
        os.execvpe(command[0], command, env)  # noqa: S606 - it is what was asked for
    except OSError as error:
        raise Refused(f"{command[0]} : {error.strerror}") from None


def is_running(folder: Path) -> bool:
    mark = folder / MARK
    if not mark.exists():
        return False
    with mark.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


# What it says


def say(text: str) -> None:
    print(text, flush=True)


def welcome(place: Place) -> str:
    port = place.port
    lines = [
        "",
        "Guichet est prêt",
        "",
        f"  Durand & Associés    http://durand.localhost:{port}",
        "    cabinet            claire@durand.example (admin), hugo@durand.example",
        "    Dupont Maçonnerie  paul@dupont-maconnerie.example (responsable),"
        " lea@dupont-maconnerie.example",
        "    Boulangerie Martin sophie@boulangerie-martin.example",
        f"  Lefèvre Expertise    http://lefevre.localhost:{port}",
        "    cabinet            nadia@lefevre.example (admin)",
        "    Garage Roux        karim@garage-roux.example",
        f"  Plateforme           http://localhost:{port}",
        "    opérateur          operateur@guichet.example",
    ]
    if place.has_own_inbox:
        lines.append(f"  E-mails envoyés      http://localhost:{place.mail_port}")
    inbound = f"localhost:{place.inbound_port} (SMTP)"
    lines += [
        f"  Courrier reçu        {inbound}",
        "",
        "  Mot de passe de tous les comptes : demo-guichet-2026",
        f"  Données et journaux : {place.folder}",
        "  Ctrl-C arrête tout ; les données restent (bin/demo --reset les efface).",
    ]
    return "\n".join(lines)


def complain(failure: PartFailed) -> None:
    part = failure.part
    print(f"« {part.name} » {failure}. Fin de {part.log} :", file=sys.stderr)
    print(part.last_lines() or "(vide)", file=sys.stderr, flush=True)


def start(place: Place, *, anew: bool) -> int:
    with take(place.folder):
        if anew:
            empty(place.folder)
        demo = Demo(place)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, demo.ask_to_stop)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
            signal.signal(signal.SIGHUP, demo.ask_to_stop)
        try:
            demo.run()
        except Stopped:
            say("\nArrêt…")
            return 0
        except PartFailed as failure:
            complain(failure)
            return 1
        finally:
            demo.end()


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["exec", *command] if command:
                run_inside(Place.from_environment(), command)
            case []:
                return start(Place.from_environment(), anew=False)
            case ["--reset"]:
                return start(Place.from_environment(), anew=True)
            case _:
                raise Refused("Usage : bin/demo [--reset | exec COMMANDE…]")
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
