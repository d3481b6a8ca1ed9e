"""Put the packaged template beside its code: it is larger than what a call takes as text."""

import hashlib
import re
from pathlib import Path
from typing import Any, Final

from rollout.refusal import Refused

# As `sam package` writes it.
_CODE: Final = re.compile(r"CodeUri: s3://([a-z0-9.-]+)/")


def upload(s3: Any, template: Path) -> str:
    """Copy the template into the bucket of its code, and return its address.

    Raises:
        Refused: it names no code in S3.
    """
    text = template.read_text()
    found = _CODE.search(text)
    if found is None:
        raise Refused(f"{template} names no code in S3: sam package didn't write it")
    key = f"csr-approver-{hashlib.sha256(text.encode()).hexdigest()[:32]}.template"
    s3.put_object(Bucket=found[1], Key=key, Body=text.encode())
    return f"{s3.meta.endpoint_url}/{found[1]}/{key}"
