"""Static files with hashed names, compressed by gzip only.

Brotli saves a further 15 % on the wire and costs 40 seconds of every first start; a proxy in front may do it instead.
"""

from __future__ import annotations

from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):
    def create_compressor(self, **options: Any) -> Compressor:
        return Compressor(**{**options, "use_brotli": False})
