"""Pages opened in Chromium, where a script acts on them and tells what it has found."""

import json
import re
import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

FRAMES = "window.requestAnimationFrame = (draw) => setTimeout(draw, 1);"
"""Chromium draws no frames where it only prints the document."""

BEGIN = """
const all = (selector) => [...document.querySelectorAll(selector)];
const one = (selector) => document.querySelector(selector);
const number = (element) => Number(element.title.replaceAll("−", "-"));
const found = { errors: [] };
addEventListener("error", (event) => found.errors.push(event.message));
const frame = () => new Promise((done) => setTimeout(done, 120));
const input = (element, value) => {
  element.value = value;
  element.dispatchEvent(new Event("input"));
};
const gradient = () => ({
  name: one("#terms h3").textContent,
  numbers: all("#terms .compare .number").map(number),
});
const button = (part, text) => all(`${part} button`).find((each) => each.textContent === text);
"""

SEEN = """
const seen = () => [
  all("#sample-answer .number").map((each) => each.textContent),
  all("main > section").filter((each) => each.lastElementChild.inert).map(({ id }) => id),
  all("main > section > .wrong").map((each) => each.textContent),
];
"""
"""The numbers of the answer, which parts are grey, and what these say."""

END = """
const result = document.createElement("pre");
result.id = "found";
result.textContent = JSON.stringify(found);
document.body.append(result);
"""


def act(path, actions, *options):
    """Return what actions on a page, a script, have put into ``found``; nothing may go wrong."""
    text = path.read_text(encoding="utf-8")
    script = f'<script type="module">{BEGIN}{actions}{END}</script></body>'
    text = text.replace("<header>", f"<script>{FRAMES}</script><header>", 1)
    acted = path.with_name(f"acted-{path.name}")
    acted.write_text(text.replace("</body>", script), encoding="utf-8")
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--window-size=1200,4000", "--virtual-time-budget=10000", "--enable-logging=stderr"]
    command += [f"--user-data-dir={path.parent / 'profile'}", *options, acted.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert "CONSOLE" not in done.stderr, done.stderr[-2000:]
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match, done.stderr[-2000:]
    found = json.loads(match[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert found.pop("errors") == []
    return found
