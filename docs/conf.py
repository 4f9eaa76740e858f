"""The site: `python -m sphinx -W docs build/site`, offline; then open build/site/index.html."""

import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE / "extensions")]

import tapenb  # noqa: E402  of this tree

project = "tapenb"
release = tapenb.__version__
copyright = "the tapenb authors"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "tapenb.sphinx",
    "mathml",
    "elsewhere",
]

# The course is read from where it is; Sphinx takes only what stands in this folder.
shutil.copytree(
    ROOT / "notebooks",
    HERE / "course",
    ignore=shutil.ignore_patterns(".ipynb_checkpoints", "*.toml", "pictures"),
    dirs_exist_ok=True,
)

html_theme = "furo"
html_title = "tapenb"
html_show_sphinx = False
html_copy_source = False
html_show_search_summary = False  # a page from a folder may not fetch another one
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"loading_method": "defer"})]
templates_path = ["templates"]

nb_execution_mode = "off"  # what is stored is what the tests have checked
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

default_role = "py:obj"
napoleon_google_docstring = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it

# Who publishes the site: Binder opens their repository.
owner = os.environ.get("GITHUB_REPOSITORY_OWNER", "")
