"""`csr-approver legacy`: CSRs for which EKS issues no certificate, and their v1 form."""

from functools import partial
from typing import Annotated

import typer

from cli.exits import ANSWER_IS_NO, UNKNOWN, USAGE, stop
from cli.output import Output, OutputOption, print_json
from core.printable import printable

_MORE = """
It finds what AWS's page asks you to migrate: CSRs of v1beta1, and of the signer
kubernetes.io/legacy-unknown. It also finds CSRs of v1 whose signer EKS never issues for: a
kubelet's signer for a workload, or a signer of client certificates for a server.

It reads YAML and JSON as manifests, also within scripts and ConfigMaps. It searches other files,
e.g. templates and programs, as text. In folders it skips .git, binary files and symbolic links.
Findings in others' code (vendor, node_modules, ...) are counted by folder, not listed.

Exit 0: nothing found. 1: something was found. 3: nothing was found, but not everything could be
read.

Examples:

  csr-approver legacy manifests/ scripts/
  kubectl get csr -o yaml | csr-approver legacy -
"""


def legacy(
    paths: Annotated[
        list[str], typer.Argument(help="Files or folders; `-` is standard input.", metavar="PATH")
    ],
    output: OutputOption = Output.TABLE,
) -> None:
    """Find CSRs for which EKS issues no certificate, and show the v1 form that works."""
    from cli.legacy.json_answer import as_json
    from cli.legacy.searched import search_all
    from cli.legacy.view import show
    from cli.screen import busy

    if "" in paths:
        stop(USAGE, "PATH is empty: give files, folders or `-`")
    with busy("Searching ..."):
        searched = search_all(paths, partial(typer.get_binary_stream, "stdin"))
    if output is Output.JSON:
        print_json(as_json(searched))
    else:
        show(searched)
    for one in searched.unclear:
        where = printable(one.path, None) + (f":{one.line}" if one.line else "")
        typer.echo(f"csr-approver: {where}: {printable(one.problem)}", err=True)
    if searched.findings:
        raise typer.Exit(ANSWER_IS_NO)
    if searched.unclear:
        raise typer.Exit(UNKNOWN)


legacy.__doc__ = f"{legacy.__doc__}\n{_MORE}"
