package commands

import (
	"context"
	"strings"
	"testing"
)

// TestUserDataIsNotInTheAudit: what is written there stays, and user data may hold secrets.
func TestUserDataIsNotInTheAudit(t *testing.T) {
	for _, words := range []string{
		`template create app --image ami-0a1 --type t3.small --user-data "export PASSWORD=hunter2"`,
		`template create app --image ami-0a1 --type --user-data "export PASSWORD=hunter2" --nonsense`,
	} {
		l := newLibrary(t)
		var deeds []Deed
		l.desk.Audit = func(_ context.Context, d Deed) { deeds = append(deeds, d) }
		l.says(words)
		for _, d := range deeds {
			if strings.Contains(d.What, "hunter2") || !strings.HasPrefix(d.What, "/template create") {
				t.Errorf("%s: the audit holds %q", words, d.What)
			}
		}
		if len(deeds) == 0 {
			t.Errorf("%s: the audit holds nothing", words)
		}
	}
}
