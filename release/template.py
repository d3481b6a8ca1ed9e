"""Make the released template of the transformed one: plain CloudFormation, with the code in S3.

Stack sets with the default, service-managed execution role refuse macros, which SAM's transform is,
and nested stacks. From: CloudFormation API reference, CreateStackSet, `Capabilities`.
"""

from collections.abc import Mapping
from typing import Any, Final

from package.target import Architecture

Json = dict[str, Any]

#: The parameter that says in which buckets the packages are. It has no default: anyone may own the
#: bucket of a well-known name, and what is in the bucket is what runs.
BUCKET_PREFIX: Final = "CodeBucketPrefix"

#: The folder of each bucket into which the packages are copied.
FOLDER: Final = "csr-approver"

_PARAMETER: Final = {
    "Type": "String",
    # A bucket's name has at most 63 characters, and the longest Region 15.
    "AllowedPattern": "^[a-z0-9][a-z0-9-]{1,45}[a-z0-9]$",
    "ConstraintDescription": "must be the beginning of an S3 bucket's name, 3 to 47 characters",
    "Description": (
        "The functions' packages are in the bucket PREFIX-REGION, where REGION is this stack's, in "
        f"the folder {FOLDER}. Lambda reads code only from buckets of its own Region. Name only "
        "buckets of your organization: what is in them is what runs."
    ),
}
_GROUP: Final = {"Label": {"default": "Where the code is"}, "Parameters": [BUCKET_PREFIX]}

# Not a mapping: its keys may not have the underscore of x86_64.
_IS_X86: Final = "IsX86"
_EQUALS_X86: Final = {"Fn::Equals": [{"Ref": "Architecture"}, "x86_64"]}

# Only `sam build` reads these, and SAM wrote the tag.
_FOR_SAM: Final = frozenset({"BuildMethod", "ContextPath", "WorkingDirectory"})
_BY_SAM: Final = {"Key": "lambda:createdBy", "Value": "SAM"}


def released(transformed: Json, packages: Mapping[Architecture, str]) -> Json:
    """Return the template to release.

    `transformed`: after SAM's transform, with any address of the code. `packages`: the file names
    of the functions' packages. A name contains a hash of the content, so that CloudFormation
    replaces the code whenever it has changed.
    """
    interface = transformed["Metadata"]["AWS::CloudFormation::Interface"]
    groups = [_GROUP, *interface["ParameterGroups"]]
    keys = {processor: f"{FOLDER}/{name}" for processor, name in packages.items()}
    return {
        **transformed,
        "Metadata": {"AWS::CloudFormation::Interface": {**interface, "ParameterGroups": groups}},
        "Parameters": {BUCKET_PREFIX: _PARAMETER, **transformed["Parameters"]},
        "Conditions": {**transformed["Conditions"], _IS_X86: _EQUALS_X86},
        "Resources": {key: _resource(one, keys) for key, one in transformed["Resources"].items()},
    }


def _resource(resource: Json, keys: Mapping[Architecture, str]) -> Json:
    metadata = {
        key: value for key, value in resource.get("Metadata", {}).items() if key not in _FOR_SAM
    }
    plain = {key: value for key, value in resource.items() if key != "Metadata"}
    if metadata:
        plain["Metadata"] = metadata
    if resource["Type"] == "AWS::Lambda::Function":
        plain["Properties"] = _function(resource["Properties"], keys)
    return plain


def _function(properties: Json, keys: Mapping[Architecture, str]) -> Json:
    made = {key: value for key, value in properties.items() if key != "Tags"}
    if tags := [tag for tag in properties.get("Tags", []) if tag != _BY_SAM]:
        made["Tags"] = tags
    made["Code"] = {
        "S3Bucket": {"Fn::Sub": f"${{{BUCKET_PREFIX}}}-${{AWS::Region}}"},
        "S3Key": {"Fn::If": [_IS_X86, keys["x86_64"], keys["arm64"]]},
    }
    return made
