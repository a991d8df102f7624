"""Reads pages as a strict HTML parser does: the first parse error ends it."""
import sys

import html5lib

for path in sys.argv[1:]:
    with open(path, 'rb') as page:
        html5lib.HTMLParser(strict=True).parse(page)
print(f'html5lib: {len(sys.argv) - 1} pages without a parse error')
