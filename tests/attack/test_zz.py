import json
from core.model import KUBELET_SERVING
def test_table(control_plane):
    import urllib.request, ssl
    print([n for n in dir(control_plane) if not n.startswith("_")])
    assert 0
