package commands

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// heads is how many instances of one place, version and health stand in it.
type heads struct{ well, ill, aside int }

const (
	mostDots     = 6 // instances that are drawn one by one; more are a number
	mostVersions = 4 // columns that fit on a phone
)

// drawing shows the instances by zone, by version and by health: a row for each zone, a column for each version.
func drawing(g fleet.Group) card.Section {
	versions := versionsOf(g)
	rest := len(versions) - mostVersions
	if rest > 0 {
		versions = versions[:mostVersions]
	}
	zones := map[string]map[string]heads{}
	for _, m := range g.Instances {
		if zones[m.Zone] == nil {
			zones[m.Zone] = map[string]heads{}
		}
		zones[m.Zone][m.Template.Version] = zones[m.Zone][m.Template.Version].with(m)
	}
	grid := [][]string{append([]string{""}, titles(g, versions)...)}
	for _, zone := range slices.Sorted(maps.Keys(zones)) {
		line := []string{zone}
		for _, v := range versions {
			line = append(line, zones[zone][v].String())
		}
		grid = append(grid, line)
	}
	text := align(grid) + "\n● in service  ○ not well or not yet in service"
	if slices.ContainsFunc(g.Instances, func(m fleet.Member) bool { return m.Lifecycle == "Standby" }) {
		text += "  ◌ standby"
	}
	if rest > 0 {
		text += fmt.Sprintf("\n%s not drawn", count(rest, "older version"))
	}
	return card.Section{Code: text}
}

func (h heads) with(m fleet.Member) heads {
	switch {
	case m.Lifecycle == "Standby":
		h.aside++
	case m.Lifecycle == "InService" && m.Health == "Healthy":
		h.well++
	default:
		h.ill++
	}
	return h
}

// String is a cell of the drawing: "●●●● 4 ○ 1".
func (h heads) String() string {
	var parts []string
	for _, one := range []struct {
		dot string
		n   int
	}{{"●", h.well}, {"○", h.ill}, {"◌", h.aside}} {
		switch {
		case one.n == 0:
		case one.n > mostDots:
			parts = append(parts, fmt.Sprintf("%s %d", one.dot, one.n))
		default:
			parts = append(parts, fmt.Sprintf("%s %d", strings.Repeat(one.dot, one.n), one.n))
		}
	}
	if len(parts) == 0 {
		return "–"
	}
	return strings.Join(parts, " ")
}

// versionsOf are the versions that the instances are of, the newest first.
func versionsOf(g fleet.Group) []string {
	found := map[string]bool{}
	for _, m := range g.Instances {
		found[m.Template.Version] = true
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(b, a))
	})
}

// titles head the columns; what the group launches has a star.
func titles(g fleet.Group, versions []string) []string {
	all := make([]string, len(versions))
	for i, v := range versions {
		all[i] = versionWords(fleet.TemplateRef{Version: v})
		if v != "" && v == g.Ref().Version {
			all[i] += "*"
		}
	}
	return all
}

// align pads the cells of every column to one width.
func align(grid [][]string) string {
	widths := make([]int, len(grid[0]))
	for _, line := range grid {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, line := range grid {
		var out strings.Builder
		for i, cell := range line {
			out.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		b.WriteString(strings.TrimRight(out.String(), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}
