"""The options that name the approver's role and its stack."""

from typing import Annotated, Final

import typer

#: The stack's default name. From: samconfig.toml.
STACK: Final = "csr-approver"

RoleArn = Annotated[
    str | None, typer.Option(help="The approver's role, if it isn't the stack's.", metavar="ARN")
]
StackName = Annotated[str, typer.Option(help="The approver's stack.", metavar="NAME")]
StackRegion = Annotated[
    str | None, typer.Option(help="The stack's Region; else the first --region.", metavar="NAME")
]
