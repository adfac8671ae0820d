package commands

import (
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// TestWhichImageWasMeant: what failed or is not ready is never suggested, and a family is called one.
func TestWhichImageWasMeant(t *testing.T) {
	own := []fleet.Image{
		{ID: "ami-0bad", Name: "web-next", State: "failed", Tags: map[string]string{"amiral:family": "shop"}},
		{ID: "ami-0b2", Name: "web-2", State: "available", Tags: map[string]string{"amiral:family": "web"}},
	}
	for named, want := range map[string]string{
		"web":      "The family web has no golden image in prod. `/ami promote <image> --family web`",
		"shop":     "The newest one is `ami-0b2` (web-2).",
		"web-nest": "There is no image web-nest in prod.",
		"web-1":    "Did you mean `web-2`?",
	} {
		f, _ := fault.As(noImage(own, Environment{Name: "prod"}, named))
		if got := f.Text + " " + f.Hint; !strings.Contains(got, want) || strings.Contains(got, "ami-0bad") {
			t.Errorf("%s: got %q, want %q", named, got, want)
		}
	}
	f, _ := fault.As(noImage(own, Environment{Name: "prod"}, "web-next"))
	if got, want := f.Error(), "The image web-next (ami-0bad) in prod is failed. `/ami show ami-0bad` tells why, `/ami retire ami-0bad` removes it."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
