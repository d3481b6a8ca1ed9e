"""Direct requests to the control plane's etcd."""

import urllib3

from tests.contract.objects import Json
from tests.real.controlplane import ControlPlane


def compact(plane: ControlPlane) -> None:
    """Let etcd discard all versions but the current one."""

    def ask(path: str, content: Json) -> Json:
        url = f"http://{plane._etcd.address}/v3/kv/{path}"
        answer = urllib3.request("POST", url, json=content)
        assert answer.status == 200, answer.data
        return dict(answer.json())

    revision = ask("range", {"key": "AA=="})["header"]["revision"]
    ask("compaction", {"revision": revision})
