"""The documents run, and the helper that runs them notices when one is wrong."""

import inspect
import re
from pathlib import Path

import pytest

from documents import fenced_blocks, run_document

FOLDER = Path(__file__).parents[2] / "docs" / "notes"
DOCUMENTS = sorted(FOLDER.glob("*.md"))


def test_there_is_a_document_for_each_note():
    assert [path.name for path in DOCUMENTS] == [
        "1-cross-entropy.md",
        "2-softmax-bag-of-words.md",
        "3-neural-networks.md",
        "4-jacobians.md",
        "5-multi-class-cross-entropy.md",
        "index.md",
        "slips.md",
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_document_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_document(path) > 0


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    prose = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)", prose):
        assert (path.parent / target).exists(), target


def anchor(heading):
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_within_a_page_lead_to_a_heading(path):
    prose = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target, fragment in re.findall(r"\]\(([^)#]*)#([^)]+)\)", prose):
        page = (path.parent / target if target else path).read_text(encoding="utf-8")
        headings = re.findall(r"^#+ (.+)$", page, flags=re.MULTILINE)
        assert fragment in map(anchor, headings), fragment


def test_pages_name_their_slips():
    for path in DOCUMENTS[:5]:
        assert "(slips.md" in path.read_text(encoding="utf-8"), path.name


def write(folder, text):
    path = folder / "document.md"
    path.write_text(text.replace("'''", "```"), encoding="utf-8")
    return path


def test_blocks_share_a_namespace_and_print_what_is_shown(tmp_path):
    path = write(
        tmp_path,
        "# Title\n'''python\nx = 6\n'''\nwords\n"
        "'''python\nprint(7 * x)\n'''\ngives\n\n'''text\n42\n'''\n",
    )
    assert run_document(path) == 2


def test_wrong_output_is_noticed(tmp_path):
    path = write(tmp_path, "'''python\nprint(42)\n'''\n\n'''text\n43\n'''\n")
    with pytest.raises(AssertionError, match=r"document\.md:6: it shows\n43\nand prints\n42"):
        run_document(path)


def test_an_error_names_its_line_of_the_document(tmp_path):
    path = write(tmp_path, "words\n\n'''python\nx = 1\nx / 0\n'''\n")
    with pytest.raises(ZeroDivisionError) as error:
        run_document(path)
    last = error.traceback[-1]
    assert (Path(last.path), last.lineno + 1) == (path, 5)


def test_skipped_blocks_do_not_run_and_are_not_compared(tmp_path):
    path = write(
        tmp_path,
        "<!-- skip -->\n'''python\n1 / 0\n'''\n'''python\nprint(1)\n'''\n"
        "<!-- skip -->\n\n'''text\n2\n'''\n'''sh\nexit 1\n'''\n",
    )
    assert run_document(path) == 1


def test_only_the_block_right_after_the_comment_is_skipped(tmp_path):
    path = write(tmp_path, "<!-- skip -->\n'''python\n1 / 0\n'''\n'''python\n2 / 0\n'''\n")
    with pytest.raises(ZeroDivisionError):
        run_document(path)


def test_a_block_that_names_its_source_must_show_it(tmp_path):
    shown = inspect.getsource(fenced_blocks)
    head = "<!-- source: documents.fenced_blocks -->\n\n'''python\n"
    path = write(tmp_path, f"{head}{shown}'''\n'''python\n1\n'''\n")
    assert run_document(path) == 1
    write(tmp_path, f"{head}{shown.replace('blocks', 'pieces')}'''\n")
    with pytest.raises(AssertionError, match=r"document\.md:4: not the source"):
        run_document(path)


def test_blocks_of_lists_lose_their_indent():
    (block,) = fenced_blocks("- item\n\n  ```python\n  if x:\n      y\n  ```\n")
    assert (block.language, block.text, block.line) == ("python", "if x:\n    y", 4)


def test_a_block_without_an_end_is_an_error():
    with pytest.raises(ValueError, match="line 2: this block has no end"):
        fenced_blocks("words\n```python\nx = 1\n")
