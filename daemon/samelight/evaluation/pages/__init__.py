"""Pages: the HTML page of an evaluation, and what pages are made with."""
