"""Static files as they are served: compressed, with their hash in the name, so that browsers keep them for good."""

from functools import lru_cache

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Before `collectstatic` has run, as in tests and while developing, files go by their own names."""

    @lru_cache(maxsize=512)  # noqa: B019 (there is one storage, for as long as the process lives)
    def url(self, name: str, force: bool = False) -> str:
        """Return the address, put together once: the names are set when the server starts."""
        return str(super().url(name, force))

    def stored_name(self, name: str) -> str:
        return str(super().stored_name(name)) if self.hashed_files else name
