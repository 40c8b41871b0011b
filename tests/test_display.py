"""The table of layers that notebooks show."""

from dataclasses import dataclass
from html.parser import HTMLParser

from chainrule import Chain, Conv2d, Flatten, Identity, Linear, ReLU, Softmax


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.rows, self.styles, self.open = [], [], []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.styles.append(dict(attributes).get("style", ""))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def read(chain):
    cells = Cells()
    cells.feed(chain._repr_html_())
    assert not cells.open
    return cells


def test_it_has_the_rows_of_the_printed_table():
    chain = Chain(Conv2d(4, 3), ReLU(), Flatten(), Linear(2), Softmax()).initialize((1, 8, 6))
    rows = read(chain).rows
    printed = str(chain).splitlines()
    assert len(rows) == len(printed) - 1 == 7
    for row, line in zip(rows, printed[1:], strict=True):
        assert " ".join(line.split()) == " ".join(" ".join(row).split())
    assert "input 1 × 8 × 6" in chain._repr_html_()


def test_a_chain_without_parameters_shows_its_functions():
    rows = read(Chain(Linear(2), Softmax())).rows
    assert rows[1:] == [["0", "Linear(2)"], ["1", "Softmax()"]]


def test_text_is_escaped():
    @dataclass(frozen=True)
    class Named(Identity):
        name: str = ""

    bad = "<script>alert('&')</script>"
    chain = Chain(Named(bad))
    assert "<script" not in chain._repr_html_()
    assert read(chain).rows[1][1] == f"Named(name={bad!r})"


def test_colors_are_the_pages():
    styles = "; ".join(read(Chain(Linear(2)).initialize((3,))).styles)
    colors = {part.strip() for part in styles.split(";") if "color:" in part or "ground" in part}
    assert colors == {"color: inherit", "background: transparent"}
