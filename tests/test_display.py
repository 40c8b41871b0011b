"""The table of layers that notebooks show."""

from dataclasses import dataclass
from html.parser import HTMLParser

from chainrule import Chain, Conv2d, Flatten, Identity, Linear, ReLU, Residual, Softmax


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


def test_functions_that_one_holds_are_indented_under_it():
    block = Residual(Chain(Linear(5), Residual(Chain(ReLU())), Linear(4)))
    chain = Chain(Linear(4), block, Linear(2)).initialize((3,))
    expected = """
input 3
       function     output  parameters          count
0      Linear(4)    4       W0 3 × 4, b0 4         16
1      Residual     4
1.0      Linear(5)  5       1.W0 4 × 5, 1.b0 5     25
1.1      Residual   5
1.1.0      ReLU()   5
1.2      Linear(4)  4       1.W1 5 × 4, 1.b1 4     24
2      Linear(2)    2       W2 4 × 2, b2 2         10
                            in all, float32        75
"""
    assert str(chain) == expected.strip("\n")
    assert "<td" in chain._repr_html_()
    inside = "Residual(Chain(Linear(5), Residual(Chain(ReLU())), Linear(4)))"
    assert repr(chain) == f"Chain(Linear(4), {inside}, Linear(2))"
