package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/amiral-ops/amiral/internal/fault"
)

// TestNobodyIsWhoTheirEnvironmentSays: in a container most users have no account, and set $USER as they please. The
// test runs itself as such a user; only root can. It shows something in binaries without cgo, as ours are built.
func TestNobodyIsWhoTheirEnvironmentSays(t *testing.T) {
	if os.Getenv("AMIRAL_TEST_LOGIN") != "" {
		name, err := login()
		fmt.Printf("I am %q, %v\n", name, fault.Is(err, fault.Denied))
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	child := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestNobodyIsWhoTheirEnvironmentSays$")
	child.Env = []string{"AMIRAL_TEST_LOGIN=1", "USER=sam", "LOGNAME=sam", "HOME=/"}
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 54321, Gid: 54321}}
	out, err := child.CombinedOutput()
	if errors.Is(err, os.ErrPermission) || errors.Is(err, os.ErrNotExist) {
		t.Skipf("this machine does not let it: %v", err)
	}
	if err != nil || !strings.Contains(string(out), `I am "", true`) {
		t.Errorf("got %s, %v, want nobody", out, err)
	}
}
