"""contrib/recipes.md: its blocks, and all that is wrong with it."""
import re


class Block:
    """A fenced block: what its first line says of it, its text, and where it is to be saved, if anywhere."""

    def __init__(self, language, words, text, line):
        self.language, self.text, self.line = language, text, line
        self.attributes = dict(word.partition("=")[::2] for word in words)
        path = re.search(r"^(?:#|//|;|--) ((?:~|/\w+)/\S*[^\s:])(?::|$|,| )", "\n".join(text.split("\n")[:2]), re.M)
        self.path = path and path[1].rstrip(":,")

    def list(self, key):
        return [word for word in self.attributes.get(key, "").split(",") if word]


def read_recipes(text, checks):
    """The blocks, and all that is wrong with the document, given the names that have a check."""
    blocks, wrong, heading, filled = [], [], None, {}
    lines = iter(enumerate(text.split("\n"), 1))
    for number, line in lines:
        if line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            # What has sections below it needs no recipe of its own.
            if heading and level > heading[0]:
                filled[heading] = True
            heading = (level, line.lstrip("# "))
            filled[heading] = False
        if fence := re.fullmatch(r"```(\w+)(.*)", line):
            body = "\n".join(iter(lambda: next(lines)[1], "```")) + "\n"
            blocks.append(Block(fence[1], fence[2].split(), body, number))
            filled[heading] = True
        elif line.startswith("```"):
            wrong.append(f"line {number}: a block without a language")
    untried_names = set(re.findall(r"^\* \*\*(.+?)\*\*: \S", text.partition("\n## Untried\n")[2], re.M))
    for block in blocks:
        names = {key: block.attributes.get(key) for key in ("test", "untried")}
        if not any(names.values()):
            wrong.append(f"line {block.line}: neither test= nor untried=")
        elif names["untried"] and names["untried"] not in untried_names:
            wrong.append(f"line {block.line}: {names['untried']} is not named under «Untried», with a reason")
        elif names["test"] and names["test"] not in checks:
            wrong.append(f"line {block.line}: recipes-test knows no {names['test']}")
    tested = {block.attributes.get("test") for block in blocks}
    for name in checks:
        if name not in tested:
            wrong.append(f"there is a check for {name}, but no such recipe")
    for (level, title), full in filled.items():
        if not full and title != "Untried":
            wrong.append(f"«{title}» has no recipe")
    return blocks, wrong
