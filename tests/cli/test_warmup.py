"""Machine code compiled ahead."""

from chainrule.engine.machine import compiling
from cli.runs import chainrule


def test_everything_is_compiled_and_then_found(tmp_path, monkeypatch):
    folder = tmp_path / "kernels"
    monkeypatch.setenv("CHAINRULE_CACHE", str(folder))
    from chainrule.engine.kernels import library as kernels

    kernels.compiled.cache_clear()
    kernels.library.cache_clear()
    run = chainrule("warmup")
    assert run.code == 0
    assert f"kept in {folder}" in run.err.replace("\n", "")
    files = {file.name for file in folder.iterdir()}
    assert len(files) > 90

    def refuse(text, target):
        raise AssertionError("compiled again")

    kernels.compiled.cache_clear()
    kernels.library.cache_clear()
    monkeypatch.setattr(compiling, "object_code", refuse)
    found = chainrule("warmup", "--json").json
    assert found["kernels"] >= len(files)
    assert found["folder"] == str(folder)
    assert {file.name for file in folder.iterdir()} == files
