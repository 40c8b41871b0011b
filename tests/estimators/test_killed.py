"""Trainings that are killed at random moments go on with the same bits; see killed.py."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killed.py")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fifty_trainings_are_killed_and_go_on_with_the_same_bits():
    done = subprocess.run(
        [sys.executable, SCRIPT, "50"], check=False, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    told = re.match(r"50 trainings killed .* the same bits; (\d+) checkpoints found", done.stdout)
    assert int(told[1]) > 20, "most of them had begun by then"
