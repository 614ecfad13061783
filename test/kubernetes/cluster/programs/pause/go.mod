module loopgate/test/kubernetes/pause

go 1.24.0
