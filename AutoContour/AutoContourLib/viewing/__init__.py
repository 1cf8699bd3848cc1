"""The user end in the browser: a small server over a folder of results, and one page."""
