"""Bare Debian and Ubuntu systems in folders, made by mmdebstrap, for the tests of what users install."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator

SKIP = 77
USER = 1000
MIRRORS = {"bookworm": "http://deb.debian.org/debian", "trixie": "http://deb.debian.org/debian",
           "jammy": "http://archive.ubuntu.com/ubuntu"}
# How to reach the package index.
NETWORK = ["PIP_INDEX_URL", "http_proxy", "https_proxy", "no_proxy"]
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
COPIED = "/etc/certificates-of-the-host.crt"  # apt may write the usual file anew


def reason_to_skip(suite: str, dist: pathlib.Path) -> str | None:
    """Why the wheel in the folder `dist` cannot be tried in such a system."""
    if os.geteuid() != 0:
        return "mmdebstrap needs root here"
    if shutil.which("mmdebstrap") is None:
        return "mmdebstrap is not installed"
    try:
        urllib.request.urlopen(f"{MIRRORS[suite]}/dists/{suite}/InRelease", timeout=30).close()
    except OSError as error:
        return f"{MIRRORS[suite]} does not answer: {error}"
    if not list(dist.glob("zerosweep-*.whl")):
        return f"there is no wheel in {dist}: the test build/wheel says why"
    return None


def mmdebstrap(suite: str, folder: pathlib.Path, *options: str) -> None:
    """In a mount namespace of its own: an interruption leaves no mount in a folder that is then removed."""
    subprocess.run(["unshare", "--mount", "mmdebstrap", "--quiet", *options, suite, folder, MIRRORS[suite]],
                   check=True, stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def bare_root(suite: str, work: pathlib.Path, *packages: str) -> Iterator["Root"]:
    """A system in a temporary folder under `work`, which keeps pip's downloads."""
    cache = work / "pip-cache"
    cache.mkdir(parents=True, exist_ok=True)
    os.chown(cache, USER, USER)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        os.chmod(folder, 0o755)
        yield Root(pathlib.Path(folder) / "root", suite, cache, *packages)


class Root:
    """A bare system in a folder."""

    def __init__(self, folder: pathlib.Path, suite: str, cache: pathlib.Path, *packages: str):
        self.folder = folder
        self.cache = cache
        options = []
        if suite == "jammy":  # Debian has Ubuntu's keys
            keys = folder.with_name("keys")
            mmdebstrap("trixie", keys, "--variant=extract", "--include=ubuntu-keyring")
            options = ["--components=main,universe", f"--keyring={keys}/usr/share/keyrings/ubuntu-archive-keyring.gpg"]
        mmdebstrap(suite, folder, "--variant=minbase", *(f"--include={package}" for package in packages), *options)
        for file, copy in [("/etc/resolv.conf", "/etc/resolv.conf"), ("/etc/hosts", "/etc/hosts"), (CERTIFICATES, COPIED)]:
            shutil.copy(file, folder / copy[1:])
        for place in ["home/user", "home/user/cache"]:
            (folder / place).mkdir()
            os.chown(folder / place, USER, USER)

    def run(self, *words: str, user: int = USER) -> subprocess.CompletedProcess[str]:
        """As that user, with /proc, /dev and pip's cache, in a mount namespace that ends with the command."""
        mounts = ('mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount --bind "$1" "$0/home/user/cache" && '
                  'root=$0 && user=$2 && shift 2 && exec chroot --userspec=$user:$user "$root" "$@"')
        environment = ["PATH=/home/user/.local/bin:/home/user/venv/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/home/user", "LANG=C.UTF-8",
                       "PIP_CACHE_DIR=/home/user/cache", f"PIP_CERT={COPIED}", "PIP_DISABLE_PIP_VERSION_CHECK=1"]
        environment += [f"{name}={os.environ[name]}" for name in NETWORK if name in os.environ]
        return subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", mounts, self.folder, self.cache, str(user),
                               "/usr/bin/env", "-i", "--chdir=/home/user", *environment, *words],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def must(self, *words: str, user: int = USER) -> str:
        done = self.run(*words, user=user)
        assert done.returncode == 0, f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def name(self) -> str:
        release = (self.folder / "etc/os-release").read_text()
        versions = [self.must("getconf", "GNU_LIBC_VERSION"), self.must("python3", "--version")]
        return ", ".join([re.search('PRETTY_NAME="(.*)"', release)[1], *(version.strip() for version in versions)])
