"""samconfig.toml itself: its tables for one environment, and answers that are written into it."""

import re
from pathlib import Path

import tomlkit
from overrides import as_table
from says import fail
from tomlkit.exceptions import TOMLKitError

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "samconfig.toml"


class Document:
    """samconfig.toml, which keeps its comments when something is written."""

    def __init__(self, env: str):
        self.env = env
        if not re.fullmatch(r"[A-Za-z0-9_-]+", env):
            fail(f"ENV is {env!r}; it names a table of samconfig.toml, as `make … ENV=default` does")
        try:
            self.document = (
                tomlkit.parse(FILE.read_text(encoding="utf-8")) if FILE.exists() else tomlkit.document()
            )
        except (OSError, UnicodeDecodeError, TOMLKitError) as error:
            fail(f"samconfig.toml cannot be read: {error}")

    def of(self, command: str) -> dict:
        table = self.document
        for key in (self.env, command, "parameters"):
            table = table.get(key, {})
            if not isinstance(table, dict):
                fail(f"{key} in samconfig.toml is not a table")
        return table

    def write(self, answers: dict[str, str], parameters: dict[str, str]) -> None:
        """Into the global table; the parameters as a table of it, whatever form they had."""
        table = self.document
        for key in (self.env, "global", "parameters"):
            if key not in table:
                table[key] = tomlkit.table(is_super_table=key != "parameters")
            table = table[key]
        table.update(answers)
        if parameters:
            both = {**as_table(table.get("parameter_overrides")), **parameters}
            if not isinstance(table.get("parameter_overrides"), dict):
                table.pop("parameter_overrides", None)
                table["parameter_overrides"] = tomlkit.table()
            table["parameter_overrides"].update(both)
        FILE.write_text(tomlkit.dumps(self.document), encoding="utf-8")
