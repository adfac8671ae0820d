package app

import (
	"go/build"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/amiral-ops/amiral/"

// layers, lowest first: a package imports only packages of layers below its own.
var layers = [][]string{
	{"internal/fault", "internal/fleet", "internal/card", "internal/quorum", "internal/workspace/slacksim/blockkit"},
	{"commands/grammar", "approvals/policy/calendar", "internal/workspace/slacksim", "internal/workspace/awssim", "internal/workspace/machine", "internal/workspace/page", "internal/workspace/browsertest"},
	{"internal/audit"},
	{"internal/ledger", "internal/inbox", "internal/home", "internal/telemetry", "internal/cloud", "internal/workspace"},
	{"internal/ledger/ledgertest", "internal/engine", "approvals/policy", "internal/notify", "internal/workspace/story"},
	{"internal/say", "internal/plan"},
	{"internal/family", "internal/baseline", "internal/config"},
	{"internal/engine/crashtest", "internal/rollout", "internal/freeze", "internal/bake", "internal/image", "internal/retire", "internal/template", "internal/group"},
	{"internal/launch", "internal/patch"},
	{"approvals"},
	{"commands"},
	{"bot/blocks"},
	{"bot"},
	{"internal/app"},
	{"cmd/amiral", "cmd/workspace"},
}

// owners says who alone may import a third-party module.
var owners = map[string][]string{
	"github.com/slack-go/slack":       {"bot", "bot/blocks"},
	"github.com/aws/aws-sdk-go-v2":    {"internal/cloud"},
	"github.com/aws/smithy-go":        {"internal/cloud"},
	"github.com/redis/go-redis":       {"internal/ledger", "internal/audit", "internal/inbox", "internal/freeze", "internal/home", "internal/family", "internal/baseline", "internal/app"},
	"github.com/alicebob/miniredis":   {"internal/app", "internal/workspace"},
	"github.com/prometheus/":          {"internal/telemetry"},
	"go.yaml.in/yaml":                 {"internal/config", "approvals/policy", "bot", "cmd/amiral"},
	"cel.dev/cel-go":                  {"approvals/policy"},
	"github.com/arran4/golang-ical":   {"approvals/policy/calendar"},
	"github.com/teambition/rrule-go":  {"approvals/policy/calendar"},
	"github.com/gorilla/websocket":    {"internal/workspace/slacksim", "bot"},
	"github.com/agext/levenshtein":    {"commands/grammar"},
	"github.com/rogpeppe/go-internal": {"internal/workspace/story", "internal/template"},
	"mvdan.cc/sh":                     {"internal/workspace/machine"},
	"github.com/chromedp/":            {},
	"pgregory.net/rapid":              {},
	"go.uber.org/goleak":              {},
	"golang.org/x/time":               {"bot", "internal/cloud"},
	"golang.org/x/sync":               {"internal/app", "bot", "internal/engine", "internal/inbox", "internal/rollout", "internal/cloud", "commands"},
}

// TestPackagesImportOnlyWhatLiesBelow keeps work flowing one way.
func TestPackagesImportOnlyWhatLiesBelow(t *testing.T) {
	level := map[string]int{}
	for i, l := range layers {
		for _, p := range l {
			level[p] = i
		}
	}
	for path, imports := range packages(t) {
		own, listed := level[path]
		if !listed {
			t.Errorf("package %s is in no layer; add it to the list, and think about which", path)
			continue
		}
		for _, imp := range imports {
			ours, ok := strings.CutPrefix(imp, module)
			if ok && level[ours] >= own {
				t.Errorf("%s (layer %d) imports %s (layer %d)", path, own, ours, level[ours])
			}
		}
	}
}

// TestModulesHaveOneOwner keeps third parties behind the package that adapts them.
func TestModulesHaveOneOwner(t *testing.T) {
	for path, imports := range packages(t) {
		for _, imp := range imports {
			for mod, who := range owners {
				if strings.HasPrefix(imp, mod) && !slices.Contains(who, path) && !helper(path) {
					t.Errorf("%s imports %s, which belongs to %v", path, imp, who)
				}
			}
		}
	}
}

// helper says which packages exist for tests only.
func helper(path string) bool {
	return strings.HasSuffix(path, "test")
}

// TestSimulatorsKnowNothingOfOurs: they know the wire, so that a misunderstanding cannot be shared.
func TestSimulatorsKnowNothingOfOurs(t *testing.T) {
	for path, imports := range packages(t) {
		sim := simulator(path)
		if sim == "" {
			continue
		}
		for _, imp := range imports {
			if strings.HasPrefix(imp, module) && !strings.HasPrefix(imp, module+sim) {
				t.Errorf("%s imports %s", path, imp)
			}
		}
	}
}

// simulator returns the simulator that a package is part of.
func simulator(path string) string {
	for _, sim := range []string{"internal/workspace/slacksim", "internal/workspace/awssim"} {
		if path == sim || strings.HasPrefix(path, sim+"/") {
			return sim
		}
	}
	return ""
}

// TestTheBotShipsNoSimulator: what runs in production has no workspace in it.
func TestTheBotShipsNoSimulator(t *testing.T) {
	all := packages(t)
	var walk func(string, []string)
	seen := map[string]bool{}
	walk = func(path string, road []string) {
		if seen[path] {
			return
		}
		seen[path] = true
		if strings.HasPrefix(path, "internal/workspace") {
			t.Errorf("cmd/amiral reaches %s by %v", path, road)
		}
		for _, imp := range all[path] {
			if ours, ok := strings.CutPrefix(imp, module); ok {
				walk(ours, append(road, path))
			}
		}
	}
	walk("cmd/amiral", nil)
}

// packages lists every package with what its non-test files import.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	root, found := filepath.Join("..", ".."), map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if n := d.Name(); n == "testdata" || n == "pin" || (strings.HasPrefix(n, ".") && path != root) {
			return fs.SkipDir
		}
		p, err := build.ImportDir(path, 0)
		if err != nil {
			return nil // no Go here
		}
		rel, err := filepath.Rel(root, path)
		found[filepath.ToSlash(rel)] = p.Imports
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
