"""The software's version, in one place: Lambda installs no package that could report it."""

from typing import Final

#: Of the package, of `csr-approver --version`, and of each decision in the log.
VERSION: Final = "0.1.0"
