"""Tests of kept_paragraphs.py: python3 -m unittest discover -s Tests/Benchmarks/Steps"""

import unittest

from kept_paragraphs import BEGIN, END, kept, with_kept

OLD = f"""# Page

Old figures.

## One

1.0

{BEGIN}
By hand, in
two lines.

## not a heading
{END}

## Two

2.0

{BEGIN}
Also by hand.
{END}
"""


class KeptParagraphsTests(unittest.TestCase):
    def test_a_new_page_keeps_what_was_written_by_hand(self):
        new = "# Page\n\nNew figures.\n\n## One\n\n1.5\n\n## Three\n\n3.0\n\n## Two\n\n2.5\n"
        page = with_kept(new, kept(OLD))
        self.assertEqual(
            page, f"# Page\n\nNew figures.\n\n## One\n\n1.5\n\n{BEGIN}\nBy hand, in\ntwo lines.\n\n## not a heading\n{END}\n\n## Three\n\n3.0\n\n"
            f"## Two\n\n2.5\n\n{BEGIN}\nAlso by hand.\n{END}\n")
        # Another time nothing changes.
        self.assertEqual(with_kept(new, kept(page)), page)

    def test_a_section_that_there_is_no_more_keeps_its_paragraphs(self):
        page = with_kept("# Page\n\n## Two\n\n2.5\n", kept(OLD))
        self.assertTrue(page.endswith(f"## One\n\n{BEGIN}\nBy hand, in\ntwo lines.\n\n## not a heading\n{END}\n"))

    def test_a_page_without_paragraphs_is_as_it_was_written(self):
        self.assertEqual(with_kept("# Page\n\n## One\n\n1.5\n", kept("")), "# Page\n\n## One\n\n1.5\n")

    def test_a_marker_without_its_counterpart_is_an_error(self):
        for page in (BEGIN, END, f"{BEGIN}\n{BEGIN}\n{END}"):
            self.assertRaises(ValueError, kept, page)


if __name__ == "__main__":
    unittest.main()
