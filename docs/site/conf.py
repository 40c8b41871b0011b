"""The site: the repository's own Markdown pages, with a reference made from the package.

The repository is the source folder, so that a link which leads somewhere on the page that a reader
sees in the repository leads there on the site, too.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from chainrule import __version__
from navigation import HOME

project = "chainrule"
author = "the chainrule developers"
release = version = __version__
language = "en"
smartquotes = False  # options begin with two dashes

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
extensions += ["markers", "docstrings", "mathml", "math_font", "live_page", "offline"]

root_doc = HOME
include_patterns = ["*.md", "docs/**.md"]
exclude_patterns = [".*", "build", "dist", "src", "tests", "benchmarks", "docs/site", "findings"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

autodoc_typehints = "none"  # the docstrings have them
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]
add_module_names = False
toc_object_entries_show_parents = "hide"

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "chainrule"
html_static_path = ["files"]
html_extra_path = ["root"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = html_show_copyright = False
pygments_style, pygments_dark_style = "default", "github-dark"
