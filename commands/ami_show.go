package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/image"
	"github.com/amiral-ops/amiral/internal/say"
)

func (a *AMI) show(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	i, err := a.named(ctx, f, env, c.Words.Arg("image"))
	if err != nil {
		return Result{}, err
	}
	stars, err := a.stars(ctx, env)
	if err != nil {
		return Result{}, err
	}
	facts := a.facts(i.Image, env, stars[i.ID])
	beyond, err := a.beyond(ctx, f, i.Image)
	if err != nil {
		return Result{}, err
	}
	captured, err := a.captured(ctx, env, i.ID)
	if err != nil {
		return Result{}, err
	}
	k := card.Card{Title: image.Words(i.ID, i.Name), Tone: imageTone(i.Image), Summary: fmt.Sprintf("%s in %s is %s", image.Words(i.ID, i.Name), env.Name, imageState(i.Image, a.now()))}
	k.Sections = []card.Section{{Facts: slices.Concat(facts, beyond, captured)}}
	if len(i.Disks) > 0 {
		k.Sections = append(k.Sections, card.Section{Table: imageDisks(i.Image)})
	}
	k.Sections = append(k.Sections, card.Para(imageRestores(i.Image)))
	k.Buttons = imageSteps(i.Image, env, stars[i.ID])
	k.Foot = i.taken()
	return reply(k), nil
}

func imageTone(i fleet.Image) card.Tone {
	switch i.State {
	case "available":
		return card.Good
	case "pending":
		return card.Working
	case "disabled":
		return card.Warning
	}
	return card.Bad
}

// facts is what an image says of itself.
func (a *AMI) facts(i fleet.Image, env Environment, golden []string) []card.Fact {
	state := imageState(i, a.now())
	if i.StateReason != "" {
		state += ": " + i.StateReason
	}
	all := []card.Fact{
		{Label: "Image", Value: card.Join(card.Code(string(i.ID)), card.T(" in %s (%s)", env.Name, env.Region))},
		{Label: "State", Value: card.T("%s", state)},
		{Label: "Made", Value: card.Join(card.When(i.Created), card.T(", %s ago", card.Span(a.now().Sub(i.Created))))},
		{Label: "Machine", Value: card.T("%s", strings.Join(nonEmpty(i.Architecture, i.Platform, i.BootMode), ", "))},
		{Label: "Family", Value: card.T("%s", imageFamily(i, golden))},
	}
	if i.Description != "" {
		all = append(all, card.Fact{Label: "Description", Value: card.T("%s", i.Description)})
	}
	if lineage := imageLineage(i); len(lineage) > 0 {
		all = append(all, card.Fact{Label: "Comes from", Value: lineage})
	}
	if !i.Deprecated.IsZero() {
		all = append(all, card.Fact{Label: "Deprecated", Value: card.When(i.Deprecated)})
	}
	if !i.LastLaunched.IsZero() {
		all = append(all, card.Fact{Label: "Launched last", Value: card.Join(card.When(i.LastLaunched), card.T(" (AWS's count lags by a day)"))})
	}
	if i.Protection != "" && i.Protection != "disabled" {
		all = append(all, card.Fact{Label: "Deregistration", Value: card.T("protected: %s", i.Protection)})
	}
	if tags := imageTags(i.Tags); tags != "" {
		all = append(all, card.Fact{Label: "Tags", Value: card.T("%s", tags)})
	}
	return all
}

func nonEmpty(words ...string) []string {
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

func imageFamily(i fleet.Image, golden []string) string {
	switch tagged := i.Tags[family.Tag]; {
	case len(golden) > 0:
		return "★ golden image of " + strings.Join(golden, ", ")
	case tagged != "":
		return tagged + ", not its golden image"
	}
	return "none"
}

func imageLineage(i fleet.Image) card.Text {
	var t card.Text
	if i.SourceInstance != "" {
		t = card.Join(card.T("instance "), card.Code(string(i.SourceInstance)))
	}
	if i.SourceImage != "" {
		if len(t) > 0 {
			t = card.Join(t, card.T(", "))
		}
		t = card.Join(t, card.T("image "), card.Code(string(i.SourceImage)))
	}
	return t
}

// tagWords are the tags that people put there, and a few of them.
func imageTags(tags map[string]string) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if key != family.Tag && !strings.HasPrefix(key, "aws:") {
			words = append(words, key+"="+short(tags[key], 40))
		}
	}
	return say.Some(words, 8)
}

// beyond is what others know of an image: whom it is shared with, and what refers to it.
func (a *AMI) beyond(ctx context.Context, f Fleet, i fleet.Image) ([]card.Fact, error) {
	shared, err := f.SharedWith(ctx, i.ID)
	sharing := card.Fact{Label: "Shared with"}
	switch {
	case err != nil && (unreadable(err) || fleet.KindOf(err) == fleet.Rejected || fleet.KindOf(err) == fleet.Absent):
		sharing.Value = card.T("only its owner can tell (%s)", i.Owner)
	case err != nil:
		return nil, fmt.Errorf("read whom %s is shared with: %w", i.ID, err)
	case len(shared) == 0:
		sharing.Value = card.T("nobody")
	default:
		sharing.Value = card.T("%s", say.Some(shared, 5))
	}
	refs, err := f.ImageReferences(ctx, i.ID)
	referred := card.Fact{Label: "Referred to by"}
	switch {
	case err != nil && (unreadable(err) || fleet.KindOf(err) == fleet.Rejected || fleet.KindOf(err) == fleet.Absent):
		referred.Value = card.T("AWS does not let me see")
	case err != nil:
		return nil, fmt.Errorf("find what refers to %s: %w", i.ID, err)
	default:
		referred.Value = card.T("%s", imageReferrers(refs, "nothing that AWS knows of"))
	}
	return []card.Fact{sharing, referred}, nil
}

// imageReferrers counts what refers to an image, by its kind.
func imageReferrers(refs []fleet.Reference, none string) string {
	nouns := map[string]string{"ec2:Instance": "instance", "ec2:LaunchTemplate": "launch template", "ssm:Parameter": "parameter",
		"imagebuilder:ImageRecipe": "image recipe", "imagebuilder:ContainerRecipe": "container recipe"}
	seen := map[string]map[string]bool{}
	for _, r := range refs {
		noun := otherwise(nouns[r.Type], r.Type)
		if seen[noun] == nil {
			seen[noun] = map[string]bool{}
		}
		seen[noun][wholeThing(r.ARN)] = true
	}
	var words []string
	for _, noun := range slices.Sorted(maps.Keys(seen)) {
		words = append(words, count(len(seen[noun]), noun))
	}
	if len(words) == 0 {
		return none
	}
	return strings.Join(words, ", ")
}

// wholeThing is an ARN without the version of a template behind it: several versions are one template.
func wholeThing(arn string) string {
	before, name, ok := strings.Cut(arn, ":launch-template/")
	if !ok {
		return arn
	}
	if i := strings.IndexAny(name, ":/"); i >= 0 {
		name = name[:i]
	}
	return before + ":launch-template/" + name
}

// captured is what is known of what is on an image.
func (a *AMI) captured(ctx context.Context, env Environment, id fleet.ImageID) ([]card.Fact, error) {
	if a.Manifests == nil {
		return nil, nil
	}
	m, err := a.Manifests.Get(ctx, env.Name, id)
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		return []card.Fact{{Label: "On it", Value: card.T("%s", f.Text)}}, nil
	}
	if err != nil {
		return nil, err
	}
	if why, absent := m.Absent(); absent {
		return []card.Fact{{Label: "On it", Value: card.T("%s", why)}}, nil
	}
	words := []string{otherwise(m.System.Name, "unknown system"), count(len(m.Packages), "package"), count(len(m.Files), "file"), count(len(m.Services), "service")}
	if len(m.Missing) > 0 {
		words = append(words, fmt.Sprintf("without %s", strings.Join(manifestParts(m.Missing), ", ")))
	}
	return []card.Fact{{Label: "On it", Value: card.Join(card.T("%s; captured ", strings.Join(words, ", ")), card.When(m.At))}}, nil
}

func manifestParts[K ~string, V any](m map[K]V) []string {
	var names []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		names = append(names, string(k))
	}
	return names
}

// disks is a table of what an image makes volumes from.
func imageDisks(i fleet.Image) *card.Table {
	t := &card.Table{Columns: []card.Column{{Label: "Device"}, {Label: "Snapshot"}, {Label: "GiB", Right: true}, {Label: "Type"}, {Label: "What"}}}
	for _, d := range i.Disks {
		what := "data"
		if d.Root || d.Device == i.Root {
			what = "root"
		}
		if d.Encrypted {
			what += ", encrypted"
		}
		if !d.Deleted {
			what += ", outlives its instance"
		}
		t.Rows = append(t.Rows, []card.Text{card.T("%s", d.Device), card.Code(d.Snapshot), card.T("%d", d.Size), card.T("%s", d.Type), card.T("%s", what)})
	}
	return t
}

// restores says what can be restored from an image, and what from its snapshots alone.
func imageRestores(i fleet.Image) card.Text {
	data := 0
	for _, d := range i.Disks {
		if !d.Root && d.Device != i.Root {
			data++
		}
	}
	whole := "a whole machine as it was then: the system"
	if data > 0 {
		whole += fmt.Sprintf(" and %s", count(data, "data volume"))
	}
	text := card.Join(card.Text{{Bold: "What it restores"}}, card.T("\nThe image restores %s. It knows nothing of what was written afterwards. ", whole),
		card.T("A snapshot of it restores the data of one volume only: it is attached to a machine that runs already, and starts none."))
	if i.State != "available" {
		text = card.Join(text, card.T(" As it is %s, nothing can be launched from it now.", i.State))
	}
	return text
}

// steps are what can be done next with an image.
func imageSteps(i fleet.Image, env Environment, golden []string) []card.Button {
	id := string(i.ID)
	all := []card.Button{card.Run("Snapshots", insideOf("/ami snapshots "+id, env))}
	switch {
	case i.State == "disabled":
		return append(all, card.Run("Bring back…", insideOf("/ami retire "+id+" --undo", env)))
	case i.State != "available":
		return all
	case len(golden) > 0:
		return append(all, card.Run("History", insideOf("/ami history "+golden[0], env)))
	}
	if name := i.Tags[family.Tag]; name != "" {
		all = append(all, card.Run("Promote…", insideOf("/ami promote "+id+" --family "+grammar.Quote(name), env)),
			card.Run("Diff with golden", insideOf("/ami diff "+grammar.Quote(name)+" "+id, env)))
	}
	return append(all, card.Run("Retire…", insideOf("/ami retire "+id, env)))
}
