package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/image"
)

func (a *AMI) diff(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	one, err := a.named(ctx, f, env, c.Words.Arg("image"))
	if err != nil {
		return Result{}, err
	}
	two, err := a.named(ctx, f, env, c.Words.Arg("other"))
	if err != nil {
		return Result{}, err
	}
	k := card.Card{Title: fmt.Sprintf("%s → %s", otherwise(one.Name, string(one.ID)), otherwise(two.Name, string(two.ID))), Foot: slices.Concat(one.taken(), two.taken())}
	if one.ID == two.ID {
		k.Sections = []card.Section{card.Para(card.T("Both are %s.", image.Words(one.ID, one.Name)))}
		return reply(k), nil
	}
	differ := imageFields(one.Image, two.Image)
	k.Summary = fmt.Sprintf("%s and %s differ in %s", one.ID, two.ID, count(len(differ), "field"))
	t := &card.Table{Columns: []card.Column{{Label: "Field"}, {Label: string(one.ID)}, {Label: string(two.ID)}}}
	for _, d := range differ[:min(len(differ), 40)] {
		t.Rows = append(t.Rows, []card.Text{card.T("%s", d.Field), card.T("%s", otherwise(d.From, "–")), card.T("%s", otherwise(d.To, "–"))})
	}
	if more := len(differ) - 40; more > 0 {
		t.Rows = append(t.Rows, []card.Text{card.T("and %d more", more), {}, {}})
	}
	k.Sections = []card.Section{{Table: t}}
	if len(differ) == 0 {
		k.Sections = []card.Section{card.Para(card.T("Their facts, disks and tags are the same."))}
	}
	onThem, err := a.onThem(ctx, env, one.ID, two.ID)
	if err != nil {
		return Result{}, err
	}
	k.Sections = append(k.Sections, onThem...)
	k.Buttons = []card.Button{
		card.Run("Show "+string(one.ID), insideOf("/ami show "+string(one.ID), env)), card.Run("Show "+string(two.ID), insideOf("/ami show "+string(two.ID), env)),
	}
	return reply(k), nil
}

// imageFields are the facts and the disks in which two images differ.
func imageFields(a, b fleet.Image) []fleet.Difference {
	one, two := imageFacts(a), imageFacts(b)
	all := maps.Clone(one)
	maps.Copy(all, two)
	var list []fleet.Difference
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if one[field] != two[field] {
			list = append(list, fleet.Difference{Field: strings.TrimLeft(field, "0123456789 "), From: one[field], To: two[field]})
		}
	}
	return list
}

// fieldsOf is an image as fields. A number in front keeps them in the order in which people read them.
func imageFacts(i fleet.Image) map[string]string {
	all := map[string]string{
		"0 Name": i.Name, "1 Made": i.Created.UTC().Format("2 Jan 2006 15:04"), "2 State": i.State, "3 Architecture": i.Architecture,
		"4 Platform": i.Platform, "4 Boot mode": i.BootMode, "5 Source instance": string(i.SourceInstance), "5 Source image": string(i.SourceImage),
		"6 Description": short(i.Description, 120), "7 Root": i.Root,
	}
	for _, d := range i.Disks {
		words := []string{fmt.Sprintf("%d GiB", d.Size), d.Type}
		if d.Encrypted {
			words = append(words, "encrypted")
		}
		if !d.Deleted {
			words = append(words, "outlives its instance")
		}
		all["8 Disk "+d.Device] = strings.Join(nonEmpty(words...), ", ")
	}
	for key, value := range i.Tags {
		all["9 Tag "+key] = short(value, 80)
	}
	return all
}

// onThem compares what is on two images, as far as it was captured.
func (a *AMI) onThem(ctx context.Context, env Environment, one, two fleet.ImageID) ([]card.Section, error) {
	if a.Manifests == nil {
		return nil, nil
	}
	var manifests []baseline.Manifest
	var missing []card.Finding
	for _, id := range []fleet.ImageID{one, two} {
		m, err := a.Manifests.Get(ctx, env.Name, id)
		f, isFault := fault.As(err)
		switch {
		case isFault && f.Kind == fault.NotFound:
			missing = append(missing, card.Finding{Text: f.Text, Hint: f.Hint})
		case err != nil:
			return nil, err
		}
		manifests = append(manifests, m)
	}
	if len(missing) > 0 {
		return []card.Section{card.Para(card.T("What is on them cannot be compared:")), {Findings: missing}}, nil
	}
	return append([]card.Section{card.Para(card.Text{{Bold: "On them, when they were made"}})}, baseline.Diff(manifests[0], manifests[1]).Sections()...), nil
}
