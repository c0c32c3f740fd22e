"""The templates as another map makes them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shapes import ROOT
from stage import mayfly, run

TEMPLATES = ["template.yaml", *(f"infra/{file.name}" for file in sorted((ROOT / "infra").glob("*.yaml")))]


@contextmanager
def rendered(the_map: str) -> Iterator[list[Path]]:
    """The files, in a folder that goes with the context."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "infra/map").mkdir(parents=True)
        for name in TEMPLATES:
            shutil.copy(ROOT / name, project / name)
        (project / "pools.toml").write_text(the_map, encoding="utf-8")
        ended = run([mayfly(), "pools", "render"], "", project)
        assert ended.returncode == 0, ended.stderr
        yield [project / name for name in TEMPLATES]
