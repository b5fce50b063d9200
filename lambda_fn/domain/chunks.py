"""How much of a script one message holds: for all that is in a message, the server takes about ten times the memory."""

from typing import Final

CHUNKED_ABOVE_BYTES: Final = 1024 * 1024
"""What is no longer than this is one message."""
CHUNK_BYTES: Final = 256 * 1024
"""What is longer is cut into chunks of whole statements, of which the last one may reach beyond this."""

Range = tuple[int, int]
"""From which byte to which."""
