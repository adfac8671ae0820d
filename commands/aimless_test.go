package commands

import (
	"strings"
	"testing"
)

// TestWhoeverNamesNoChangeIsAskedForOne: a form opens where one can be, and a sentence says it elsewhere.
func TestWhoeverNamesNoChangeIsAskedForOne(t *testing.T) {
	l := newLibrary(t)
	ask := func(text string, forms bool) Result {
		return l.desk.Command(t.Context(), Request{Key: text, Actor: dev, Channel: "CDEPLOYS", Text: text, Forms: forms})
	}
	got := ask("template update web-lt", true)
	if got.Modal == nil || got.Reply != nil || !strings.Contains(string(got.Modal.Subject), "web-lt") {
		t.Errorf("got %+v, want a form for the update of web-lt", got)
	}
	if got := ask("template update web-lt", false); got.Modal != nil || !strings.Contains(text(got.Reply), "Nothing to change was named.") {
		t.Errorf("without forms: got %+v, want it said", got)
	}
	if got := ask("template update web-lt --type t3.small --dry-run", true); got.Modal != nil {
		t.Error("a form opens for an update that names a change")
	}
}
