"""Fuzz one target with atheris: ``python -m tests.fuzz TARGET DIRECTORY [libFuzzer's options]``.

DIRECTORY keeps the corpus, which begins with the seeds, and the input that broke the target.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hermes_exporter", "yaml", "croniter", "prometheus_client"]):
    from tests.fuzz.targets import TARGETS

MAX_BYTES = 64 << 10
SECONDS_OF_ONE_INPUT = 30
MEGABYTES = 2048


def fuzz(name: str, directory: Path, options: list[str]) -> None:
    """Run until an input breaks the target, or libFuzzer's options end it; does not return."""
    from tests.fuzz.corpus import SECRET, seeds  # the targets are imported first, instrumented

    corpus = directory / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for data in seeds(name):
        (corpus / hashlib.sha1(data).hexdigest()).write_bytes(data)
    words = directory / "words"
    words.write_text(f'secret="{SECRET}"\n')
    arguments = [
        *(f"-max_len={MAX_BYTES}", f"-timeout={SECONDS_OF_ONE_INPUT}", f"-rss_limit_mb={MEGABYTES}"),
        *(f"-artifact_prefix={directory}/", f"-dict={words}"),
    ]
    atheris.Setup([sys.argv[0], *arguments, *options, str(corpus)], TARGETS[name])
    atheris.Fuzz()


fuzz(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
