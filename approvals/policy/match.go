package policy

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Globs are patterns in the manner of path.Match, one a line, but that * and ? match slashes too: names may hold
// some, and are no paths. One of them must match. None: everything does.
type Globs string

// All are the patterns one by one.
func (g Globs) All() []string {
	if g == "" {
		return nil
	}
	return strings.Split(string(g), "\n")
}

// match reports whether one of the patterns matches.
func (g Globs) match(s string) bool {
	all := g.All()
	return len(all) == 0 || slices.ContainsFunc(all, func(pattern string) bool { return glob(pattern, s) })
}

// String is the patterns as people read them.
func (g Globs) String() string { return strings.Join(g.All(), " or ") }

// glob reports whether the pattern matches; a broken pattern, which Validate reports, matches nothing. To path.Match
// a slash is the end of a part of a path; it is shown another rune, which no name holds.
func glob(pattern, s string) bool {
	const slash = "\x00"
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", slash), strings.ReplaceAll(s, "/", slash))
	return err == nil && ok
}

// trial is what came of trying a rule.
type trial struct {
	matched bool
	why     string // the reasons, or the one reason against it
	trouble error  // the condition failed, so that nobody knows
}

// try matches the facts against everything that the rule is about.
func (r Rule) try(f Facts) trial {
	var reasons []string
	for _, check := range []func(Facts) trial{r.tryNames, r.tryTags, r.tryBy, r.tryWhen} {
		t := check(f)
		if !t.matched || t.trouble != nil {
			return t
		}
		if t.why != "" {
			reasons = append(reasons, t.why)
		}
	}
	if len(reasons) == 0 {
		reasons = []string{"it is about everything"}
	}
	return trial{matched: true, why: strings.Join(reasons, ", ")}
}

func (r Rule) tryNames(f Facts) trial {
	var reasons []string
	for _, dim := range []struct {
		name  string
		globs Globs
		is    string
	}{{"kind", r.Kind, f.Kind}, {"environment", r.Environment, f.Environment}, {"target", r.Target, f.Target}} {
		if !dim.globs.match(dim.is) {
			return trial{why: fmt.Sprintf("%s %s is not %s", dim.name, named(dim.is), dim.globs)}
		}
		if dim.globs != "" {
			reasons = append(reasons, dim.name+" "+named(dim.is))
		}
	}
	return trial{matched: true, why: strings.Join(reasons, ", ")}
}

func (r Rule) tryTags(f Facts) trial {
	var reasons []string
	for _, name := range slices.Sorted(maps.Keys(r.Tags)) {
		value, there := f.Tags[name]
		if !there {
			return trial{why: fmt.Sprintf("it has no tag %s", name)}
		}
		if !glob(r.Tags[name], value) {
			return trial{why: fmt.Sprintf("tag %s is %s, not %s", name, named(value), r.Tags[name])}
		}
		reasons = append(reasons, fmt.Sprintf("tag %s is %s", name, named(value)))
	}
	return trial{matched: true, why: strings.Join(reasons, ", ")}
}

func (r Rule) tryBy(f Facts) trial {
	if len(r.By) == 0 {
		return trial{matched: true}
	}
	if !meet(r.By, f.Groups) {
		return trial{why: "who asks is not in " + either(r.By)}
	}
	return trial{matched: true, why: "asked by a member of " + either(r.By)}
}

func (r Rule) tryWhen(f Facts) trial {
	c, err := r.compiled()
	if err != nil {
		return trial{trouble: firstLine(err)}
	}
	if c == nil {
		return trial{matched: true}
	}
	return c.try(f)
}

// named is a name as it stands in a reason.
func named(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

// meet reports whether the two have an element in common.
func meet(some, others []string) bool {
	return slices.ContainsFunc(some, func(g string) bool { return slices.Contains(others, g) })
}

// either names groups as alternatives: "@sre", "@sre or @leads".
func either(groups []string) string {
	at := make([]string, len(groups))
	for i, g := range groups {
		at[i] = "@" + g
	}
	if len(at) < 3 {
		return strings.Join(at, " or ")
	}
	return strings.Join(at[:len(at)-1], ", ") + " or " + at[len(at)-1]
}
