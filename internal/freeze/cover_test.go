package freeze

import (
	"testing"
	"time"
)

// TestAPatternCoversEveryNameItReadsLike: names are no paths, so that a slash in one is no way out of a freeze; and
// what is named as it is, is meant, though its name reads like a pattern.
func TestAPatternCoversEveryNameItReadsLike(t *testing.T) {
	for pattern, names := range map[string][]string{
		"web*": {"web", "web/api", "web/a/b"}, "*": {"web", "a/b", "/"}, "web?api": {"web/api", "web-api"},
		"web/*": {"web/", "web/a/b"}, "web[1]": {"web1", "web[1]"}, `a\/b`: {"a/b"},
	} {
		f := Freeze{Environment: "production", Target: pattern, Until: noon.Add(time.Hour)}
		for _, name := range names {
			if !f.Covers("production", name, noon) {
				t.Errorf("a freeze of %s lets %s start", pattern, name)
			}
		}
		if !f.Covers("production", "db,"+names[0], noon) {
			t.Errorf("a freeze of %s lets an operation start on db and %s", pattern, names[0])
		}
		if f.Covers("production", "api", noon) != (pattern == "*") {
			t.Errorf("a freeze of %s is one of api", pattern)
		}
	}
}
