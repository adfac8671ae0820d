package commands

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// row is what a list tells of one group.
type row struct {
	group   fleet.Group
	refresh fleet.Refresh
	active  bool
	asked   bool                  // whether a refresh runs was asked for
	blind   bool                  // AWS did not tell
	images  map[fleet.ImageID]int // instances by image
	runs    map[fleet.InstanceID]fleet.ImageID
}

// list lists the groups. The calls it takes: the groups, a hundred at a time; the instances of those on the page, a
// thousand at a time; their images; and the refreshes of those groups in which something is under way.
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
		k.Buttons = []card.Button{card.Run("Launch…", runIn(env, "/asg launch"))}
		return reply(k), nil
	}
	from, to, pages := pageOf(c, len(groups))
	rows, names, err := look(ctx, f, groups[from:to], a.busy(ctx, env))
	if err != nil {
		return Result{}, err
	}
	k.Sections = []card.Section{groupTable(rows, names)}
	if pages.Text != nil {
		k.Sections = append(k.Sections, pages)
	}
	k.Buttons = groupButtons(env, rows)
	k.Foot = append(unseen(rows), card.T("%s · %s", env.Name, env.Region))
	return reply(k), nil
}

// busy tells on which groups an operation is open. It costs no call to AWS; unread, it tells of none.
func (a *ASG) busy(ctx context.Context, env Environment) func(fleet.Group) bool {
	open, _ := beside(ctx, a.Records)
	return func(g fleet.Group) bool { return len(on(open, string(g.Name), env.Name)) > 0 }
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

// look reads what the groups themselves do not tell: the images that really run, and the refreshes of those groups in
// which something may be under way.
func look(ctx context.Context, f Fleet, groups []fleet.Group, busy func(fleet.Group) bool) ([]row, map[fleet.ImageID]string, error) {
	machines, err := instances(ctx, f, groups...)
	if err != nil {
		return nil, nil, err
	}
	rows, all := make([]row, len(groups)), map[fleet.ImageID]int{}
	for i, g := range groups {
		rows[i] = row{group: g, images: map[fleet.ImageID]int{}, runs: map[fleet.InstanceID]fleet.ImageID{}}
		for _, m := range g.Instances {
			if image := machines[m.ID].Image; image != "" {
				rows[i].images[image]++
				rows[i].runs[m.ID] = image
				all[image]++
			}
		}
	}
	calls, within := errgroup.WithContext(ctx)
	calls.SetLimit(4)
	for i, r := range rows {
		if rows[i].asked = r.unsettled() || busy(r.group); rows[i].asked {
			calls.Go(func() error {
				rows[i].refresh, rows[i].active, rows[i].blind = refreshing(within, f, r.group.Name)
				return nil
			})
		}
	}
	var names map[fleet.ImageID]string
	calls.Go(func() (err error) {
		names, err = imageNames(within, f, slices.Sorted(maps.Keys(all)))
		return err
	})
	return rows, names, calls.Wait()
}

// unsettled reports whether a refresh may be under way: instances are missing or not in service, or they are not all
// alike. One call tells of one group only, and all calls about groups share one allowance.
func (r row) unsettled() bool {
	g := r.group
	if healthy(g) != g.Desired || len(g.Instances) != g.Desired || len(r.images) > 1 {
		return true
	}
	for _, m := range g.Instances {
		if v := m.Template.Version; v != g.Instances[0].Template.Version || g.Ref().Numeric() && v != g.Ref().Version {
			return true
		}
	}
	return false
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

// unseen is the small print of what AWS did not tell, and of what it was not asked.
func unseen(rows []row) []card.Text {
	var names []string
	unasked := 0
	for _, r := range rows {
		if r.blind {
			names = append(names, string(r.group.Name))
		}
		if !r.asked {
			unasked++
		}
	}
	var foot []card.Text
	if len(names) > 0 {
		foot = append(foot, card.T("AWS did not tell whether an instance refresh runs on %s.", short(strings.Join(names, ", "), 200)))
	}
	if unasked > 0 {
		foot = append(foot, card.T("Refreshes are looked for only where instances differ or are missing: in %d of these %d groups. `/asg show` always looks.", len(rows)-unasked, len(rows)))
	}
	return foot
}

// instances reads the machines of groups.
func instances(ctx context.Context, f Fleet, groups ...fleet.Group) (map[fleet.InstanceID]fleet.Instance, error) {
	var names []fleet.GroupName
	for _, g := range groups {
		if len(g.Instances) > 0 {
			names = append(names, g.Name)
		}
	}
	found := map[fleet.InstanceID]fleet.Instance{}
	if len(names) == 0 {
		return found, nil
	}
	machines, err := f.InstancesOf(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("read the instances of %s: %w", count(len(names), "group"), err)
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

func groupTable(rows []row, names map[fleet.ImageID]string) card.Section {
	table := card.Table{Columns: []card.Column{{Label: "Group"}, {Label: "Healthy", Right: true}, {Label: "Image"}, {Label: "Template"}, {Label: "Refresh"}}}
	for _, r := range rows {
		table.Rows = append(table.Rows, []card.Text{{{Bold: string(r.group.Name)}}, r.health(), r.wears(names),
			card.T("%s", templateWords(r.group.Ref())), r.refreshWords()})
	}
	return card.Section{Table: &table}
}

// wears names the images that run, the most frequent first, as shortly as it can be done.
func (r row) wears(names map[fleet.ImageID]string) card.Text {
	if len(r.images) == 0 {
		return card.T("no instances")
	}
	var words []string
	for _, id := range byNumber(r.images) {
		name := otherwise(names[id], string(id))
		if len(r.images) > 1 {
			name += fmt.Sprintf(" ×%d", r.images[id])
		}
		words = append(words, name)
	}
	return card.T("%s", say.Some(words, 3))
}

// health is how many are in service of how many there should be, with a mark where these are not the same.
func (r row) health() card.Text {
	n := healthy(r.group)
	return card.T("%d/%d%s", n, r.group.Desired, pick(n < r.group.Desired, " ⚠", ""))
}

func (r row) refreshWords() card.Text {
	switch {
	case r.blind:
		return card.T("not told")
	case r.active:
		return card.T("%s, %d %%", r.refresh.Status, r.refresh.Percent)
	}
	return card.T("–")
}

// mostLeads is how many of a list's groups have a button of their own.
const mostLeads = 4

// groupButtons lead on from a list: to the groups that need a look, or to its first, and to a new one.
func groupButtons(env Environment, rows []row) []card.Button {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b row) int { return a.rank() - b.rank() })
	var buttons []card.Button
	for _, r := range rows[:min(len(rows), mostLeads)] {
		name := string(r.group.Name)
		buttons = append(buttons, card.Run("Show "+short(name, 40), runIn(env, "/asg show %s", grammar.Quote(name))))
	}
	return append(buttons, card.Run("Launch…", runIn(env, "/asg launch")))
}

func (r row) rank() int {
	switch {
	case healthy(r.group) < r.group.Desired:
		return 0
	case r.active:
		return 1
	}
	return 2
}

// byNumber are the images, the most frequent first.
func byNumber(images map[fleet.ImageID]int) []fleet.ImageID {
	return slices.SortedFunc(maps.Keys(images), func(a, b fleet.ImageID) int {
		return cmp.Or(images[b]-images[a], strings.Compare(string(a), string(b)))
	})
}

// running says which images run, the most frequent first.
func running(images map[fleet.ImageID]int, names map[fleet.ImageID]string) card.Text {
	ids := byNumber(images)
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
