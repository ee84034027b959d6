class BundleError(Exception):
    """No bundle was made. The message says why, and what to do, to whoever runs it."""
