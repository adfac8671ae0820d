package template

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Use is a group that launches from a template, or has instances that were launched from it.
type Use struct {
	Group    fleet.GroupName `json:"group"`
	Versions []string        `json:"versions,omitempty"` // that it launches from, as it names them: a number, $Latest or $Default
	Runs     []int64         `json:"runs,omitempty"`     // that its instances were launched from
	Subnets  []string        `json:"subnets,omitempty"`
}

// UsersOf finds the groups that use a template, in the order of their names.
func UsersOf(groups []fleet.Group, t fleet.Template) []Use {
	var all []Use
	for _, g := range groups {
		if u := useOf(g, t); len(u.Versions)+len(u.Runs) > 0 {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(a, b Use) int { return cmp.Compare(a.Group, b.Group) })
	return all
}

func useOf(g fleet.Group, t fleet.Template) Use {
	u := Use{Group: g.Name, Subnets: g.Subnets}
	refs := []fleet.TemplateRef{g.Ref()}
	if g.Mixed != nil {
		refs = append(refs, g.Mixed.Templates...)
	}
	for _, ref := range refs {
		if !names(ref, t) {
			continue
		}
		if version := cmp.Or(ref.Version, "$Default"); !slices.Contains(u.Versions, version) {
			u.Versions = append(u.Versions, version)
		}
	}
	for _, m := range g.Instances {
		n, err := strconv.ParseInt(m.Template.Version, 10, 64)
		if err == nil && names(m.Template, t) && !slices.Contains(u.Runs, n) {
			u.Runs = append(u.Runs, n)
		}
	}
	slices.Sort(u.Runs)
	return u
}

// names reports whether a reference is to the template, by its id or by its name.
func names(ref fleet.TemplateRef, t fleet.Template) bool {
	if ref.ID != "" {
		return ref.ID == t.ID
	}
	return ref.Name != "" && ref.Name == t.Name
}

// needs reports whether the group needs a version: it launches from it, or an instance of it came from it.
func (u Use) needs(version int64, t fleet.Template) bool {
	return u.Launches(version, t) || slices.Contains(u.Runs, version)
}

// Launches reports whether the group launches from a version.
func (u Use) Launches(version int64, t fleet.Template) bool {
	return slices.ContainsFunc(u.Versions, func(named string) bool {
		switch named {
		case "$Default":
			return version == t.Default
		case "$Latest":
			return version == t.Latest
		}
		return named == strconv.FormatInt(version, 10)
	})
}

// Following are the groups that launch from whatever stands under a name: $Default or $Latest.
func Following(users []Use, name string) []fleet.GroupName {
	var all []fleet.GroupName
	for _, u := range users {
		if slices.Contains(u.Versions, name) {
			all = append(all, u.Group)
		}
	}
	return all
}

// Names are the groups' names.
func Names(users []Use) []fleet.GroupName {
	var all []fleet.GroupName
	for _, u := range users {
		if len(u.Versions) > 0 {
			all = append(all, u.Group)
		}
	}
	return all
}
