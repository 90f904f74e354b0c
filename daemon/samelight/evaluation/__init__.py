"""Measuring harmonizers: the literature's metrics and the project's own benchmark."""
