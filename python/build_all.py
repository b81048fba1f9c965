"""Build the wheels of every platform, and the sdist, into python/dist: `python3 python/build_all.py`.

Go cross-compiles, so one machine builds all of them. Platforms, as GOOS/GOARCH, may be given to build only those.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hatch_build import HERE, PLATFORMS


def main(platforms: list[str]) -> None:
    for platform in platforms or PLATFORMS:
        if platform not in PLATFORMS:
            raise SystemExit(f"no wheel is made for {platform}; there are {', '.join(PLATFORMS)}")
        goos, goarch = platform.split("/")
        env = {**os.environ, "GOOS": goos, "GOARCH": goarch}
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel"], cwd=HERE, env=env, check=True)
    if not platforms:
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "sdist"], cwd=HERE, check=True)
    for path in sorted(Path(HERE, "dist").iterdir()):
        print(f"{path.stat().st_size / 1e6:7.1f} MB  {path.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
