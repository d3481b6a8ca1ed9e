"""End to end: kubectl, the API server, a kubelet's HTTPS server and AWS's cloud controller."""
