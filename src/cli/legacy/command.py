"""`csr-approver legacy`: find uses of the v1beta1 CSR API, and show their v1 form."""

from functools import partial
from typing import Annotated

import typer

from cli.exits import ANSWER_IS_NO, UNKNOWN, USAGE, stop
from cli.output import Output, OutputOption, print_json
from core.printable import printable

_MORE = """
It reads YAML and JSON as manifests, also within scripts and ConfigMaps. It
searches other files, e.g. templates and programs, as text. In folders it skips
.git, binary files and symbolic links.

Exit 0: nothing found. 1: something was found.
3: nothing was found, but not everything could be read.

--output json prints one object: `findings` (`file`, `line`, `found`, `problems`
and `csr`, which has `signer`, `notes` and the v1 `manifest`, and is null for a
match in text), `unclear`, `signers`, `notes`, and the numbers of files
`searched` and `binary`.

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
    """Find CSRs of the v1beta1 API and of kubernetes.io/legacy-unknown, and show their v1 form."""
    # Imported here: it takes a third of a second, which the other commands don't need.
    from cli.legacy.files import Binary, Text, Unclear, read_all
    from cli.legacy.find import Finding, search
    from cli.legacy.view import as_json, show
    from cli.screen import busy, console

    if "" in paths:
        stop(USAGE, "PATH is empty: give files, folders or `-`")
    findings: list[Finding] = []
    unclear: list[Unclear] = []
    searched = binary = 0
    with busy("Searching ..."):
        for file in read_all(paths, partial(typer.get_binary_stream, "stdin")):
            if isinstance(file, Text):
                searched += 1
                for one in search(file):
                    findings += [one] if isinstance(one, Finding) else []
                    unclear += [one] if isinstance(one, Unclear) else []
            elif isinstance(file, Binary) and not file.named:
                binary += 1
            else:
                unclear.append(
                    file
                    if isinstance(file, Unclear)
                    else Unclear(file.path, "binary, not searched: give text files")
                )
    if output is Output.JSON:
        print_json(as_json(findings, unclear, searched=searched, binary=binary))
    else:
        show(findings, unclear, console(), searched=searched, binary=binary)
    for one in unclear:
        where = printable(one.path, None) + (f":{one.line}" if one.line else "")
        typer.echo(f"csr-approver: {where}: {printable(one.problem)}", err=True)
    if findings:
        raise typer.Exit(ANSWER_IS_NO)
    if unclear:
        raise typer.Exit(UNKNOWN)


legacy.__doc__ = f"{legacy.__doc__}\n{_MORE}"
