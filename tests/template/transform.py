"""Run by SAM's own Python: print template.yaml as CloudFormation gets it, as JSON.

It needs no account: the managed policies that SAM would look up aren't used.
"""

import json
import sys
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class _NoManagedPolicies:
    """SAM asks for a loader; a template that needs one fails here."""

    def load(self) -> dict[str, str]:
        return {}


if __name__ == "__main__":
    template = yaml_parse(Path(sys.argv[1]).read_text())
    # `sam package` puts an address in S3 here before CloudFormation sees it.
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/package.zip"
    template["Globals"]["Function"].pop("CodeUri")
    json.dump(transform(template, {}, _NoManagedPolicies()), sys.stdout)
