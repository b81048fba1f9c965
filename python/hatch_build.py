"""The build of wheels and of the sdist: the program `pinyon` is cross-compiled by Go and put into the wheel.

`GOOS` and `GOARCH` choose another platform than this machine's, as for Go itself; `build_all.py` does so for each
platform that has wheels. The sdist carries the Go sources, so a wheel can be built from it wherever Go is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

#: The tag of a wheel by GOOS/GOARCH. The program is static, so one wheel serves glibc and musl.
PLATFORMS = {
    "linux/amd64": "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
    "linux/arm64": "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
    "darwin/amd64": "macosx_12_0_x86_64",
    "darwin/arm64": "macosx_12_0_arm64",
    "windows/amd64": "win_amd64",
}


def go_root() -> Path:
    """The folder of go.mod: the repository's, or `go` in an unpacked sdist."""
    for root in (HERE / "go", HERE.parent):
        if (root / "go.mod").is_file():
            return root
    raise RuntimeError("pinyon: the Go sources are not here; build from the repository or from the sdist")


def version() -> str:
    """The release's number, which the Go sources hold."""
    text = (go_root() / "internal" / "version" / "version.go").read_text(encoding="utf-8")
    found = re.search(r'^const Number = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise RuntimeError("pinyon: internal/version/version.go holds no Number")
    return found.group(1)


def go_sources(root: Path) -> list[str]:
    """The files that building the program needs, by path below root: what go itself says, for every platform."""
    names: set[str] = {"go.mod", "go.sum", "LICENSE", "NOTICE"}
    each = '{{range .%s}}{{$d}}/{{.}}{{"\\n"}}{{end}}'
    form = "{{if not .Standard}}{{$d := .Dir}}" + "".join(each % kind for kind in ("GoFiles", "EmbedFiles", "SFiles")) + "{{end}}"
    for platform in PLATFORMS:
        out = subprocess.run(
            ["go", "list", "-deps", "-f", form, "./cmd/pinyon"],
            cwd=root,
            env=_go_env(platform),
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for line in out.split():
            path = Path(line)
            if path.is_relative_to(root):
                names.add(path.relative_to(root).as_posix())
    return sorted(names)


def _go_env(platform: str) -> dict[str, str]:
    goos, goarch = platform.split("/")
    return {**os.environ, "CGO_ENABLED": "0", "GOOS": goos, "GOARCH": goarch}


def host_platform() -> str:
    """GOOS/GOARCH of the build: the environment's, else this machine's."""
    out = subprocess.run(["go", "env", "GOOS", "GOARCH"], check=True, capture_output=True, text=True).stdout.split()
    return "/".join(out)


def build_binary(platform: str, into: Path) -> Path:
    """Compile the program, static and stripped."""
    target = into / ("pinyon.exe" if platform.startswith("windows/") else "pinyon")
    into.mkdir(parents=True, exist_ok=True)
    command = ["go", "build", "-trimpath", "-buildvcs=auto", "-ldflags", "-s -w", "-o", str(target), "./cmd/pinyon"]
    subprocess.run(command, cwd=go_root(), env=_go_env(platform), check=True)
    target.chmod(0o755)
    return target


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # build_all.py needs the table above alone
    pass
else:

    class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg, unused-ignore]
        """Adds the program to a wheel, and the Go sources to an sdist."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            if shutil.which("go") is None:
                raise RuntimeError("pinyon: building needs Go; install it, or install a wheel of this platform")
            if self.target_name == "sdist":
                root = go_root()
                for name in go_sources(root):
                    build_data["force_include"][str(root / name)] = "go/" + name
                return
            platform = host_platform()
            if platform not in PLATFORMS:
                raise RuntimeError(f"pinyon: no wheel is made for {platform}; there are {', '.join(PLATFORMS)}")
            self._made = Path(self.directory) / (".bin-" + platform.replace("/", "-"))
            binary = build_binary(platform, self._made)
            for name in ("LICENSE", "NOTICE"):
                build_data["force_include"][str(go_root() / name)] = "pinyon/" + name
            build_data["pure_python"] = False
            build_data["tag"] = "py3-none-" + PLATFORMS[platform]
            if version == "editable":
                return
            build_data["shared_scripts"][str(binary)] = binary.name

        def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
            if self.target_name == "wheel" and version != "editable":
                shutil.rmtree(self._made, ignore_errors=True)
