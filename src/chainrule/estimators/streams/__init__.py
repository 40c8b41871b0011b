"""Fits and predictions of data streams: rows that need not fit in memory."""
