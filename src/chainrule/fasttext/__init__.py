"""fastText's supervised models: read, written, trained and asked, with its bits and its digits."""
