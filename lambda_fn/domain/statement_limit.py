"""How large a single statement may be: the server takes about 20 times its size to read it."""

from typing import Final

MAX_STATEMENT_MIB: Final = 16
BYTES_OF_MIB: Final = 1024 * 1024
