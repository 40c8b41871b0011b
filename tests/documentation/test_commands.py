"""The reference of the command line: all commands, and of each what its help says."""

import re

import pytest

import commands
from cli.runs import chainrule

SECTIONS = commands.sections()


def test_each_command_of_the_help_has_a_section():
    for words in ((), ("fasttext",)):
        listed = re.findall(r"^│ ([a-z][a-z-]*) ", chainrule(*words, "--help").out, re.MULTILINE)
        assert len(listed) > 5
        assert {" ".join(["chainrule", *words, name]) for name in listed} <= {*SECTIONS}


@pytest.mark.parametrize("words", [w for w in SECTIONS if w != "chainrule fasttext"])
def test_a_section_has_the_options_of_the_help(words):
    section = SECTIONS[words]
    shown = chainrule(*words.split()[1:], "--help").out
    assert section.startswith(f"{'#' * len(words.split())} {words}\n")
    options = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*(?= )", shown.partition("─ Options")[2]))
    missing = {each for each in options if f"`{each}" not in section and each not in section}
    assert options
    assert not missing


@pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS)
def test_rows_have_a_name_and_what_it_means(section):
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 3 for row in rows)


def test_signs_of_help_texts_mean_themselves():
    assert commands._prose("a|b  <c>\n[d] __e__") == r"a\|b \<c> \[d\] \_\_e\_\_"


def test_each_name_and_what_it_takes_is_code_of_its_own():
    assert commands._called("-t, --target <str>") == "`-t`, `--target` `<str>`"
    assert commands._called("--bias / --no-bias") == "`--bias`, `--no-bias`"
    assert commands._called("--test SHARE|FILE") == r"`--test` `SHARE\|FILE`"
    assert commands._called("--decimal , or .") == "`--decimal` `, or .`"


def test_options_in_help_texts_are_code():
    assert commands._prose("a,b or --drop a --drop b; x--y") == "a,b or `--drop` a `--drop` b; x--y"
