package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// mostGroups bounds how many groups are looked at for one list: each costs a call to AWS.
const mostGroups = 40

// row is what a list tells of one group.
type row struct {
	group   fleet.Group
	refresh fleet.Refresh
	active  bool
	blind   bool                  // AWS did not tell whether a refresh runs
	images  map[fleet.ImageID]int // instances by image
	runs    map[fleet.InstanceID]fleet.ImageID
}

func (a *ASG) list(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	groups, err := f.Groups(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("list groups: %w", err)
	}
	total := len(groups)
	part := strings.ToLower(c.Words.Arg("part"))
	groups = slices.DeleteFunc(groups, func(g fleet.Group) bool { return !strings.Contains(strings.ToLower(string(g.Name)), part) })
	slices.SortFunc(groups, func(a, b fleet.Group) int { return strings.Compare(string(a.Name), string(b.Name)) })
	k := card.Card{Title: "Groups in " + env.Name, Summary: fmt.Sprintf("%s in %s.", count(len(groups), "group"), env.Name)}
	if len(groups) == 0 {
		k.Summary = nothing(total, part, env)
		k.Sections = []card.Section{card.Para(card.T("%s", k.Summary))}
		return reply(k), nil
	}
	hidden := len(groups) - mostGroups
	rows, names, err := look(ctx, f, groups[:min(len(groups), mostGroups)])
	if err != nil {
		return Result{}, err
	}
	var steps []card.Step
	for _, r := range rows {
		steps = append(steps, r.step(names))
	}
	k.Sections = []card.Section{{Steps: steps}}
	if hidden > 0 {
		k.Sections = append(k.Sections, card.Para(marked(fmt.Sprintf("… and %d more: `/asg list <part of the name>` narrows it down.", hidden))))
	}
	k.Foot = append(unseen(rows), card.T("%s · %s", env.Name, env.Region))
	return reply(k), nil
}

// nothing says that there is no group to list, and how many there are.
func nothing(total int, part string, env Environment) string {
	switch total {
	case 0:
		return fmt.Sprintf("There is no group in %s.", env.Name)
	case 1:
		return fmt.Sprintf("The one group in %s does not have %q in its name.", env.Name, part)
	}
	return fmt.Sprintf("None of the %d groups in %s has %q in its name.", total, env.Name, part)
}

// look reads what the groups themselves do not tell: refreshes, and the images that really run.
func look(ctx context.Context, f Fleet, groups []fleet.Group) ([]row, map[fleet.ImageID]string, error) {
	rows := make([]row, len(groups))
	calls, within := errgroup.WithContext(ctx)
	calls.SetLimit(4)
	for i, g := range groups {
		rows[i].group = g
		calls.Go(func() error {
			rows[i].refresh, rows[i].active, rows[i].blind = refreshing(within, f, g.Name)
			return nil
		})
	}
	var machines map[fleet.InstanceID]fleet.Instance
	calls.Go(func() (err error) {
		machines, err = instances(within, f, groups...)
		return err
	})
	if err := calls.Wait(); err != nil {
		return nil, nil, err
	}
	all := map[fleet.ImageID]int{}
	for i := range rows {
		rows[i].images, rows[i].runs = map[fleet.ImageID]int{}, map[fleet.InstanceID]fleet.ImageID{}
		for _, m := range rows[i].group.Instances {
			if image := machines[m.ID].Image; image != "" {
				rows[i].images[image]++
				rows[i].runs[m.ID] = image
				all[image]++
			}
		}
	}
	names, err := imageNames(ctx, f, slices.Sorted(maps.Keys(all)))
	return rows, names, err
}

// refreshPatience is how long a list waits for the refresh of one group. The rest of it is worth showing
// without.
const refreshPatience = 3 * time.Second

func refreshing(ctx context.Context, f Fleet, name fleet.GroupName) (r fleet.Refresh, runs, blind bool) {
	ctx, cancel := context.WithTimeout(ctx, refreshPatience)
	defer cancel()
	refreshes, err := f.Refreshes(ctx, name)
	if err != nil {
		return r, false, true
	}
	r, runs = active(refreshes)
	return r, runs, false
}

// unseen is the small print of what AWS did not tell.
func unseen(rows []row) []card.Text {
	var names []string
	for _, r := range rows {
		if r.blind {
			names = append(names, string(r.group.Name))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []card.Text{card.T("AWS did not tell whether an instance refresh runs on %s.", short(strings.Join(names, ", "), 200))}
}

// instances reads the machines of groups.
func instances(ctx context.Context, f Fleet, groups ...fleet.Group) (map[fleet.InstanceID]fleet.Instance, error) {
	var ids []fleet.InstanceID
	for _, g := range groups {
		for _, m := range g.Instances {
			ids = append(ids, m.ID)
		}
	}
	found := map[fleet.InstanceID]fleet.Instance{}
	if len(ids) == 0 {
		return found, nil
	}
	machines, err := f.Instances(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("read %d instances: %w", len(ids), err)
	}
	for _, m := range machines {
		found[m.ID] = m
	}
	return found, nil
}

func imageNames(ctx context.Context, f Fleet, ids []fleet.ImageID) (map[fleet.ImageID]string, error) {
	names := map[fleet.ImageID]string{}
	if len(ids) == 0 {
		return names, nil
	}
	images, err := f.Images(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("read images: %w", err)
	}
	for _, i := range images {
		names[i.ID] = i.Name
	}
	return names, nil
}

func (r row) step(names map[fleet.ImageID]string) card.Step {
	g := r.group
	t := card.Join(card.Text{{Bold: string(g.Name)}}, card.T(" · %d/%d healthy · ", healthy(g), g.Desired),
		running(r.images, names), card.T(" · %s", templateWords(g.Ref())))
	state := card.Done
	switch {
	case r.active:
		state = card.Doing
		t = card.Join(t, card.T(" · refresh %s, %d %%", r.refresh.Status, r.refresh.Percent))
	case healthy(g) < g.Desired:
		state = card.Failed
	}
	return card.Step{State: state, Text: t}
}

// running says which images run, the most frequent first.
func running(images map[fleet.ImageID]int, names map[fleet.ImageID]string) card.Text {
	ids := slices.SortedFunc(maps.Keys(images), func(a, b fleet.ImageID) int {
		if images[a] != images[b] {
			return images[b] - images[a]
		}
		return strings.Compare(string(a), string(b))
	})
	if len(ids) == 0 {
		return card.T("no instances")
	}
	var t card.Text
	for i, id := range ids {
		if i > 0 {
			t = append(t, card.Part{Plain: ", "})
		}
		t = append(t, card.Part{Code: string(id)})
		if names[id] != "" {
			t = append(t, card.Part{Plain: " " + names[id]})
		}
		if len(ids) > 1 {
			t = append(t, card.Part{Plain: fmt.Sprintf(" ×%d", images[id])})
		}
	}
	return t
}

// templateWords is a template with its version, as a list shows it.
func templateWords(ref fleet.TemplateRef) string {
	name := ref.Name
	if name == "" {
		name = string(ref.ID)
	}
	switch {
	case name == "":
		return "no launch template"
	case ref.Version == "":
		return name + " $Default"
	case ref.Numeric():
		return name + " v" + ref.Version
	}
	return name + " " + ref.Version
}
