"""What the repository's files say of other places, and a site that stands alone says otherwise."""

from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

# The pages that show a file of the repository, by the end of its path.
PAGES = {
    "COVERAGE": "coverage",
    "KINKS": "kinks",
    "SPARSE": "sparse",
    "docs/engines": "engines",
    "TENSORFLOW": "tensorflow",
    "benchmarks/README": "benchmarks",
    "docs/compact-tape": "compact-tape",
    "gradbench/README": "gradbench",
    "panel/README": "exactness",
}


class Elsewhere(SphinxPostTransform):
    """Say an image's words in place of one from elsewhere, and lead to pages in place of files."""

    default_priority = 4  # before images are collected, and links resolved

    def run(self, **_: Any) -> None:
        """Change the document."""
        for image in list(self.document.findall(nodes.image)):
            if "://" in image["uri"]:
                image.replace_self(nodes.Text(image.get("alt", "")))
        for link in list(self.document.findall(pending_xref)):
            file = link.get("reftarget", "").removesuffix(".md")
            page = next((PAGES[path] for path in PAGES if file.endswith(path)), None)
            if page is not None:
                link["refdomain"], link["reftarget"], link["reftargetid"] = "doc", page, None
            elif file.endswith(".py"):
                link.replace_self(link.children)  # code is read in the repository
        # Only who publishes the site knows whose repository Binder is to open.
        for link in list(self.document.findall(nodes.reference)):
            address = link.get("refuri", "").replace("%3Cowner%3E", "<owner>")
            if "<owner>" not in address:
                continue
            if self.config.owner:
                link["refuri"] = address.replace("<owner>", self.config.owner)
            else:
                link.parent.remove(link)


class Solved(SphinxTransform):
    """Tell solutions by their titles from the exercises, which are the same notebooks."""

    default_priority = 400

    def apply(self, **_: Any) -> None:
        """Change the title, before it is collected."""
        if self.env.docname.startswith("course/solutions/"):
            text = next(self.document.findall(nodes.title)).next_node(nodes.Text)
            text.parent.replace(text, nodes.Text(text.replace("Exercises", "Solutions")))


def setup(app: Sphinx) -> dict[str, Any]:
    """Add all that, and the name of the repository's owner to the configuration."""
    app.add_config_value("owner", "", "env", types=[str])
    app.add_post_transform(Elsewhere)
    app.add_transform(Solved)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
