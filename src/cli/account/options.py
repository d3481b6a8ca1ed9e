"""The options that name an account, its Regions and its clusters, without what they are used for.

boto3 takes a third of a second to import, so that happens when a command runs or completes a name.
"""

from typing import Annotated

import typer

Profile = Annotated[
    str | None,
    typer.Option(help="AWS profile; else AWS_PROFILE, as for the AWS CLI.", metavar="NAME"),
]
Region = Annotated[
    str | None,
    typer.Option(help="AWS Region; else AWS_REGION, or the profile's.", metavar="NAME"),
]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        help="AWS Region to look in, may be repeated; else AWS_REGION, or the profile's.",
        metavar="NAME",
    ),
]
Proxy = Annotated[
    bool,
    typer.Option("--proxy", help="Use the environment's proxy (HTTPS_PROXY, NO_PROXY)."),
]


def _show_calls(is_wanted: bool) -> None:  # noqa: FBT001  Typer calls it
    if is_wanted:
        from cli.account.calls import show_calls

        show_calls()


Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="Show each call to AWS and to clusters, on stderr.",
        callback=_show_calls,
    ),
]


def cluster_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return the clusters whose names begin so, for a shell's completion."""
    from cli.account.completion import names_of

    return names_of(context.params, incomplete)
