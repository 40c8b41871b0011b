// What the page is told of the network, as Python has written it.

const facts = JSON.parse(document.getElementById("facts").textContent);
