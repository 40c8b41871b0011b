"""What a browser would fetch from elsewhere is found; links, which readers follow, are not."""

import pytest

from offline import requests_elsewhere


@pytest.mark.parametrize(
    "text",
    [
        '<script async src="https://cdn.example/x.js"></script>',
        "<link rel=stylesheet href=//fonts.example/x.css>",
        '<img alt="" src="http://example/x.png">',
        "@font-face { src: url('https://fonts.example/x.woff') }",
        '@import "https://fonts.example/x.css";',
    ],
)
def test_what_is_fetched_from_another_host_is_found(text):
    (address,) = requests_elsewhere(text)
    assert "example" in address


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://example/">read</a>',
        '<script src="../_static/x.js"></script>',
        "@font-face { src: url(x.woff) }",
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    ],
)
def test_links_and_files_of_the_site_are_not(text):
    assert not list(requests_elsewhere(text))
