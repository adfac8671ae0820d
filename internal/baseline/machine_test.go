package baseline

import (
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/machine"
)

// TestSimulatedMachinesAnswerAsRealOnes: the very scripts, on each kind of machine that the workspace has.
func TestSimulatedMachinesAnswerAsRealOnes(t *testing.T) {
	for name, disk := range map[string]*machine.Disk{
		"ubuntu": machine.Ubuntu().WebServer("1.24.0", "hello"), "amazon": machine.Amazon().WebServer("1.24.0", "hello"),
	} {
		t.Run(name, func(t *testing.T) {
			m := machine.New("web-1", disk, func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) })
			var got Manifest
			for _, part := range Scripts() {
				out := m.Run(t.Context(), strings.Join(Script(part, []string{"/etc/*.conf", "/etc/nginx/*", "/etc/nginx/*/*", "/etc/os-release"}), "\n"))
				if out.Exit != 0 || out.Stderr != "" {
					t.Fatalf("%s: got exit %d, %q", part, out.Exit, out.Stderr)
				}
				found, err := Parse(part, out.Stdout)
				if err != nil {
					t.Fatalf("%s: %v", part, err)
				}
				got.Add(found)
			}
			if len(got.Missing) > 0 {
				t.Errorf("got missing %v", got.Missing)
			}
			if !strings.HasPrefix(got.Packages["nginx"], "1.24.0") || got.System.Name == "" || got.System.Kernel == "" || len(got.Files) == 0 || got.Services["nginx.service"].Active != "running" {
				t.Errorf("got %+v", got)
			}
			for path, f := range got.Files {
				if f.Link == "" && (len(f.Sum) != 64 || f.Mode == "" || !strings.Contains(f.Owner, ":")) {
					t.Errorf("%s: got %+v", path, f)
				}
			}
		})
	}
}
