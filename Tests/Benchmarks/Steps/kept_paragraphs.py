"""The paragraphs of a generated page that were written by hand. They stand between two markers, and a new page keeps them at the end of
their section."""

BEGIN, END = "<!-- written by hand -->", "<!-- end -->"


def kept(page):
    """Returns the blocks of a page that were written by hand, markers included, by the heading of their section.

    Raises ValueError if a marker has no counterpart, because text would be lost."""
    blocks, heading, block = {}, "", None
    for line in page.splitlines():
        if line == BEGIN:
            if block is not None:
                raise ValueError(f"two blocks begin without an end between them, below “{heading}”")
            block = [line]
        elif line == END:
            if block is None:
                raise ValueError(f"a block ends that did not begin, below “{heading}”")
            blocks.setdefault(heading, []).append("\n".join([*block, line]))
            block = None
        elif block is not None:
            block.append(line)
        elif line.startswith("## "):
            heading = line
    if block is not None:
        raise ValueError(f"a block does not end, below “{heading}”")
    return blocks


def with_kept(page, blocks):
    """Returns a page with the blocks at the end of their sections. Those of a section that there is no more are at the end of the page, below
    its heading."""
    sections, heading = {"": []}, ""
    for line in page.splitlines():
        if line.startswith("## "):
            heading = line
            sections[heading] = []
        sections[heading].append(line)
    for heading in blocks:
        sections.setdefault(heading, [heading])
    parts = ["\n\n".join(["\n".join(lines).strip("\n"), *blocks.get(heading, [])]).strip("\n") for heading, lines in sections.items()]
    return "\n\n".join(part for part in parts if part) + "\n"
