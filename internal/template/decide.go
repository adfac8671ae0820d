package template

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// AWS's limits.
const (
	mostTemplates = 5_000
	mostVersions  = 10_000
)

// vacant: a template can only be made under a name that is free.
func (p *Plan) vacant(f Facts) {
	switch {
	case f.exists():
		p.stop(fmt.Sprintf("`/template update %s` makes a new version of it, `/template show %s` shows it.", p.Want.Name, p.Want.Name),
			"There is a template %s already, at version %d.", p.Want.Name, f.Template.Latest)
	case f.Count >= mostTemplates:
		p.stop("Delete templates that nobody uses, or ask AWS for more.", "The account has %d launch templates in this region, and AWS allows no more.", f.Count)
	}
}

func (p *Plan) create(f Facts) error {
	p.vacant(f)
	p.set(f.Checked)
	m := NewMasker()
	p.Changes = described(m, p.Want.Spec, fleet.LaunchSpec{})
	if data := p.Want.Spec.UserData; data != nil {
		p.Text = m.Readable(*data)
	}
	return nil
}

func (p *Plan) update(f Facts) error {
	if f.Source == nil {
		p.stop(fmt.Sprintf("`/template versions %s` shows those there are.", p.Want.Name), "Template %s has no version %d.", p.Want.Name, p.Want.Source)
		return nil
	}
	p.Named, p.Want.Source = p.Want.Source > 0, f.Source.Number
	p.set(f.Checked)
	m := NewMasker()
	p.Changes = described(m, p.Want.Spec, SpecOf(*f.Source))
	p.Changes = append(p.Changes, p.tagged(m, *f.Source)...)
	if data := p.Want.Spec.UserData; data != nil {
		p.Text = TextDiff(m, f.Text, *data)
		if p.Text != "" {
			p.Changes = append(p.Changes, fleet.Difference{Field: "User data", From: sized(f.Text), To: size(*data)})
		}
	}
	if len(p.Changes) == 0 {
		p.stop("Give another value, or another version with `--from`.", "Version %d of %s is like that already.", f.Source.Number, p.Want.Name)
	}
	p.latest()
	return nil
}

// latest tells what a new version does to groups that launch from whatever is the latest.
func (p *Plan) latest() {
	if len(p.ByLatest) > 0 {
		p.warn("Attach a numbered version to them first, if that is not meant.",
			"%s launches from $Latest: new instances run the version as soon as it is made, before it is tried.", say.Some(p.ByLatest, 5))
	}
	if p.Want.Source != p.Latest {
		p.warn("", "It begins with version %d, not with the latest, %d.", p.Want.Source, p.Latest)
	}
	if p.Want.SetDefault && len(p.ByDefault) > 0 {
		p.warn("", "%s from $Default (%s), and will launch the new version.", launching(len(p.ByDefault)), say.Some(p.ByDefault, 5))
	}
}

// described tells what a spec sets, and what was there before. User data and tags are told by themselves.
func described(m *Masker, s, was fleet.LaunchSpec) []fleet.Difference {
	var all []fleet.Difference
	add := func(label, to, from string) {
		if to != "" && to != from {
			all = append(all, fleet.Difference{Field: label, From: visible(m.Mask(from)), To: visible(m.Mask(to))})
		}
	}
	add("Image", string(s.Image), string(was.Image))
	add("Type", s.Type, was.Type)
	add("Key", s.Key, was.Key)
	slices.Sort(s.SecurityGroups)
	add("Security groups", strings.Join(s.SecurityGroups, ", "), strings.Join(was.SecurityGroups, ", "))
	add("Subnet", s.Subnet, was.Subnet)
	add("Role", s.Profile, was.Profile)
	if s.UserData != nil && was.Image == "" {
		add("User data", size(*s.UserData), "")
	}
	if was.Image == "" {
		for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
			all = append(all, fleet.Difference{Field: "Tag " + key, To: m.field(key, s.Tags[key])})
		}
	}
	return all
}

// tagged tells which tags change; AWS takes all tags of a source or none, so the others would be gone.
func (p *Plan) tagged(m *Masker, source fleet.TemplateVersion) []fleet.Difference {
	var all []fleet.Difference
	for _, key := range slices.Sorted(maps.Keys(p.Want.Spec.Tags)) {
		from, to := source.Fields["TagSpecifications.instance.Tags."+key], p.Want.Spec.Tags[key]
		if from != to {
			all = append(all, fleet.Difference{Field: "Tag " + key, From: m.field(key, from), To: m.field(key, to)})
		}
	}
	return all
}

func sized(text string) string {
	if text == "" {
		return ""
	}
	return size(text)
}

func (p *Plan) moveDefault(f Facts) error {
	switch {
	case f.Chosen == nil:
		p.stop(fmt.Sprintf("`/template versions %s` shows those there are.", p.Want.Name), "Template %s has no version %d.", p.Want.Name, p.Want.Version)
		return nil
	case f.Template.Default == p.Want.Version:
		p.stop("", "Version %d is the default of %s already.", p.Want.Version, p.Want.Name)
		return nil
	}
	if f.Present != nil {
		p.Changes = Compare(NewMasker(), f.Present.Fields, f.Chosen.Fields)
	}
	if len(p.ByDefault) > 0 {
		p.warn("Instances that run already stay as they are.", "%s from $Default (%s), and will launch version %d from then on.",
			launching(len(p.ByDefault)), say.Some(p.ByDefault, 5), p.Want.Version)
	}
	return nil
}

func (p *Plan) clean(f Facts) error {
	for i, v := range f.Versions {
		switch why := reasonToKeep(f, v.Number); {
		case i < p.Want.Keep:
		case why != "":
			p.Kept = append(p.Kept, Kept{v.Number, why})
		default:
			p.Deletes = append(p.Deletes, v.Number)
		}
	}
	switch {
	case len(p.Deletes) > 0:
	case p.Want.Keep >= len(f.Versions):
		p.stop("", "Template %s has %s, and none of them can go: the newest %d are kept.", p.Want.Name, say.Plural(len(f.Versions), "version"), p.Want.Keep)
	default:
		p.stop("", "Template %s has %s, and none of them can go: %d are kept, and the others are in use.",
			p.Want.Name, say.Plural(len(f.Versions), "version"), min(p.Want.Keep, len(f.Versions)))
	}
	return nil
}

// reasonToKeep says why a version must stay; empty: nobody needs it.
func reasonToKeep(f Facts, n int64) string {
	switch n {
	case f.Template.Default:
		return "it is the default"
	case f.Template.Latest:
		return "it is the latest"
	}
	if why := f.Needed[n]; why != "" {
		return why
	}
	for _, u := range f.Users {
		switch {
		case u.Launches(n, f.Template):
			return fmt.Sprintf("group %s launches from it", u.Group)
		case f.Coming[u.Group] == n:
			return fmt.Sprintf("group %s is being refreshed to it", u.Group)
		case slices.Contains(u.Runs, n):
			return fmt.Sprintf("instances of group %s were launched from it", u.Group)
		}
	}
	return ""
}

func (p *Plan) adopt(f Facts) error {
	p.vacant(f)
	switch {
	case f.Instance.ID == "" || f.Live == nil:
		p.stop("Check the id and the environment; a terminated instance cannot be copied.", "There is no instance %s in %s.", p.Want.From, f.Environment)
		return nil
	case f.Instance.State != "running" && f.Instance.State != "stopped":
		p.stop("Choose one that runs or is stopped.", "Instance %s is %s.", p.Want.From, f.Instance.State)
	}
	p.set(f.Checked)
	p.Live = fingerprint(f.Live.Fields)
	copied, left := generalized(f.Live.Fields)
	p.Left = left
	m := NewMasker()
	p.Changes = Compare(m, nil, overlaid(copied, p.Want.Spec))
	if data := p.Want.Spec.UserData; data != nil {
		p.Text = m.Readable(*data)
	}
	if f.Instance.Group != "" {
		p.warn("", "It belongs to group %s, which launches from a template already.", f.Instance.Group)
	}
	return nil
}

// fingerprint is the same for the same fields.
func fingerprint(fields map[string]string) string {
	body, err := json.Marshal(fields)
	if err != nil { // strings always marshal
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

func (p *Plan) remove(f Facts) error {
	if p.Want.ID != "" && p.Want.ID != f.Template.ID {
		p.stop("", "Template %s is another one now, made later.", p.Want.Name)
	}
	if len(f.Users) > 0 {
		var names []fleet.GroupName
		for _, u := range f.Users {
			names = append(names, u.Group)
		}
		p.stop("Attach another template to them first.", "Template %s is used by %s.", p.Want.Name, say.Some(names, 5))
	}
	return nil
}
