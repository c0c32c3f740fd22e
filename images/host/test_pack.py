"""Tests of what packs images/host into the user data of the launch templates."""
import base64
import unittest

import pack

EMPTY = "before\n    run <<'PACKED'\n    PACKED\nafter\n"
HELD = [("etc/a.conf", False, b"a\n"), ("usr/lib/b", True, b"#!/bin/bash\n" * 400)]


class Packing(unittest.TestCase):
    def test_the_template_has_what_is_in_the_folder(self):
        template = pack.TEMPLATE.read_text(encoding="utf-8")
        told = "run images/host/pack.py"
        self.assertTrue(pack.with_files(template, pack.files()) == template, told)

    def test_what_is_packed_is_there_again(self):
        packed = pack.with_files(EMPTY, HELD)
        before, lines, after = pack.sections(packed)
        self.assertEqual((before, after), (["before", "    run <<'PACKED'"], ["    PACKED", "after"]))
        self.assertEqual(pack.unpacked(base64.b64decode("".join(lines))), HELD)
        for line in lines:
            self.assertRegex(line, r"^    [A-Za-z0-9+/=]{1,120}$")

    def test_it_is_written_only_where_it_differs(self):
        """Another zlib may make other bytes of the same files."""
        packed = pack.with_files(EMPTY, HELD)
        before, lines, after = pack.sections(packed)
        other = base64.b64encode(pack.gzip.compress(pack.gzip.decompress(base64.b64decode("".join(lines))), 1)).decode()
        by_another = "\n".join([*before, other, *after]) + "\n"
        self.assertEqual(pack.with_files(by_another, HELD), by_another)
        for changed in (
            [HELD[0], ("usr/lib/b", False, HELD[1][2])],
            [("etc/a.conf", False, b"b\n"), HELD[1]],
            [("etc/c.conf", False, b"a\n"), HELD[1]],
            HELD[:1],
        ):
            self.assertNotEqual(pack.with_files(packed, changed), packed)

    def test_it_is_found_and_written_while_it_is_put_aside(self):
        """A map without EC2 pools makes comments of the lines."""
        aside = "before\n#~    run <<'PACKED'\n#~    PACKED\nafter\n"
        packed = pack.with_files(aside, HELD)
        self.assertEqual(packed.replace("#~", ""), pack.with_files(EMPTY, HELD))
        self.assertEqual(pack.with_files(packed, HELD), packed)

    def test_a_template_without_its_marks_is_refused(self):
        for text in ("", "run <<'PACKED'\nno end\n", EMPTY + EMPTY):
            with self.assertRaises(ValueError):
                pack.with_files(text, HELD)

    def test_programs_begin_as_programs(self):
        for path, is_program, content in pack.files():
            self.assertEqual(content.startswith(b"#!/"), is_program, path)


if __name__ == "__main__":
    unittest.main()
