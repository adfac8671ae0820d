package main

import (
	"fmt"
	"io"
	"os/exec"
)

// optional are the programs that some tests need.
var optional = []struct{ program, tests string }{
	{"redis-server", "the stores on a real Redis, and processes killed while they work"},
	{"chromium", "the page in a browser"},
	{"node", "stock Bolt for JavaScript against the simulated Slack (BOLT_DIR names where it is installed)"},
	{"aws", "the stock AWS CLI against the simulated AWS"},
}

// missing says which tests are left out on this machine.
func missing(out io.Writer) error {
	for _, o := range optional {
		if _, err := exec.LookPath(o.program); err == nil {
			continue
		}
		if _, err := fmt.Fprintf(out, "left out, since %s is not installed: %s\n", o.program, o.tests); err != nil {
			return err
		}
	}
	return nil
}
