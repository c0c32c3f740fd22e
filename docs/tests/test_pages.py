"""What every page has to hold: links that lead somewhere; and what README's first table says of EC2."""

import tomllib
import unittest
from pathlib import Path

from page import dead_links, tables

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "images/README.md", *sorted((ROOT / "docs").glob("*.md"))]


class Pages(unittest.TestCase):
    def test_no_link_into_the_repository_is_dead(self):
        dead = [f"{it.name}: {line}" for it in PAGES for line in dead_links(it.read_text(encoding="utf-8"), it.parent)]
        self.assertEqual("\n".join(dead), "")

    def test_the_first_table_says_whose_jobs_ec2_pools_are_for_and_the_isolated_map_has_an_instance_for_each(self):
        first, *_ = tables((ROOT / "README.md").read_text(encoding="utf-8"))
        told = {row.cells["where a job runs"]: list(row.cells.values())[-1] for row in first.rows}
        of_ec2 = [it for where, it in told.items() if where.startswith("EC2")]
        self.assertIn("**EC2 pools: jobs of one trust domain only.**", of_ec2[0])
        self.assertEqual(set(of_ec2[1:]), {"the same"})
        entries = tomllib.loads((ROOT / "examples/pools-isolated.toml").read_text(encoding="utf-8"))["pools"]
        on_ec2 = {name: it for name, it in entries.items() if it["capacity"].startswith("ec2")}
        self.assertTrue(on_ec2)
        self.assertEqual({it["runners_per_instance"] for it in on_ec2.values()}, {1})


if __name__ == "__main__":
    unittest.main()
