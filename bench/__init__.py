"""Speed and memory, measured through the real whole path: `make bench`, or `python -m bench --help`."""
