"""Run by SAM's own Python: print a SAM template after SAM's transform, as JSON.

It needs no account, because the template uses no managed policies, which SAM would look up.
"""

import json
import sys
from pathlib import Path
from typing import Final

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# SAM wants an address in S3, as `sam package` writes it. What uses the output writes its own.
_CODE: Final = "s3://bucket/package.zip"


class _NoManagedPolicies:
    """The loader that SAM requires; a template that uses managed policies fails with it."""

    def load(self) -> dict[str, str]:
        return {}


if __name__ == "__main__":
    template = yaml_parse(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = _CODE
    template["Globals"]["Function"].pop("CodeUri")
    json.dump(transform(template, {}, _NoManagedPolicies()), sys.stdout)
