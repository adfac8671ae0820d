package commands

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/family"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// Machines are the things of an environment that forms look for.
type Machines interface {
	Groups(ctx context.Context) ([]fleet.Group, error)
	Templates(ctx context.Context) ([]fleet.Template, error)
	OwnImages(ctx context.Context) ([]fleet.Image, error)
}

// Servers are the instances of an environment.
type Servers interface {
	FindInstances(ctx context.Context, text string, most int) ([]fleet.Instance, error)
	InstancesOf(ctx context.Context, groups ...fleet.GroupName) ([]fleet.Instance, error)
}

// Network is what machines are launched into and with.
type Network interface {
	Subnets(ctx context.Context, ids ...string) ([]fleet.Subnet, error)
	SecurityGroups(ctx context.Context, ids ...string) ([]fleet.SecurityGroup, error)
	TargetGroups(ctx context.Context, names ...string) ([]fleet.TargetGroup, error)
	InstanceTypes(ctx context.Context, prefix string) ([]string, error)
}

// Things are all that forms look for.
type Things interface {
	Machines
	Servers
	Network
}

// Goldens knows all golden images of an environment.
type Goldens interface {
	All(ctx context.Context, environment string) ([]family.Golden, error)
}

// Library finds things by what is in their names. It remembers for a short while what AWS said, so that writing
// does not become a flood of calls; and what comes too late for one search is there for the next. Its zero value,
// with Settings and Things, works.
type Library struct {
	Settings Settings
	Things   func(environment string) (Things, error)
	Goldens  Goldens          // nil: families are known by the tags of images alone
	Now      func() time.Time // time.Now when nil

	mu    sync.Mutex
	kept  map[string]*volume
	loads sync.WaitGroup
}

// volume is a list that AWS gave, or is about to.
type volume struct {
	done    chan struct{}
	options []card.Option
	err     error
	until   time.Time // it is good until then; not before it is done
}

const (
	freshFor   = 30 * time.Second
	loadLimit  = 15 * time.Second
	mostKept   = 300 // lists
	mostFromID = 100 // instances of one search
)

// Find looks for what has the text in it; what begins with it comes first.
func (l *Library) Find(ctx context.Context, q Query) ([]card.Option, int, error) {
	if q.Pick == grammar.Environment {
		all, more := matching(l.environments(), q)
		return all, more, nil
	}
	env, err := l.Settings.environment(q.Environment, q.Channel)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case q.Pick == grammar.Source:
		return l.sources(ctx, env, q)
	case q.Pick == grammar.Member && q.Group == "":
		q.Pick = grammar.Instance
	case q.Pick == grammar.Instance && q.Group != "":
		return l.membersFirst(ctx, env, q)
	}
	return l.search(ctx, env, q)
}

func (l *Library) environments() []card.Option {
	var all []card.Option
	for _, e := range l.Settings.Environments {
		all = append(all, card.Option{Value: e.Name, Label: e.Name, About: e.Region})
	}
	return all
}

// Home is the environment that a channel means when none is named; empty when it means none.
func (l *Library) Home(channel string) string {
	env, err := l.Settings.environment("", channel)
	if err != nil {
		return ""
	}
	return env.Name
}

// search looks in one list. Of instances AWS itself is asked for those that have the text.
func (l *Library) search(ctx context.Context, env Environment, q Query) ([]card.Option, int, error) {
	text := map[grammar.Pick]string{grammar.Instance: q.Text, grammar.Member: q.Group}[q.Pick]
	all, err := l.list(ctx, env, q.Pick, text)
	if err != nil {
		return nil, 0, err
	}
	found, more := matching(all, q)
	if q.Pick == grammar.Instance && len(all) > mostFromID {
		more = -1
	}
	return found, more, nil
}

// sources are families, images and instances. What cannot be read of one kind does not hide the others.
func (l *Library) sources(ctx context.Context, env Environment, q Query) ([]card.Option, int, error) {
	kinds := []grammar.Pick{grammar.Family, grammar.Image, grammar.Instance}
	found, hidden, errs := make([][]card.Option, len(kinds)), make([]int, len(kinds)), make([]error, len(kinds))
	var all sync.WaitGroup
	for i, pick := range kinds {
		part := q
		part.Pick, part.Most = pick, q.Most/len(kinds)
		all.Go(func() { found[i], hidden[i], errs[i] = l.search(ctx, env, part) })
	}
	all.Wait()
	options, more := slices.Concat(found...), 0
	for _, n := range hidden {
		if more += n; n < 0 {
			more = -1
			break
		}
	}
	for _, err := range errs {
		if err != nil && len(options) == 0 {
			return nil, 0, err
		}
	}
	return options, more, nil
}

// matching are those of the options that have the text in them, as many as are wanted, and how many others there are.
func matching(all []card.Option, q Query) ([]card.Option, int) {
	text := strings.ToLower(q.Text)
	rank := func(o card.Option) int {
		value, label := strings.ToLower(o.Value), strings.ToLower(o.Label)
		switch {
		case value == text || label == text:
			return 0
		case strings.HasPrefix(value, text) || strings.HasPrefix(label, text):
			return 1
		case strings.Contains(value, text) || strings.Contains(label, text) || strings.Contains(strings.ToLower(o.About), text):
			return 2
		}
		return 3
	}
	var found []card.Option
	for _, o := range all {
		if rank(o) < 3 && len(o.Value) <= card.MaxOption {
			found = append(found, o)
		}
	}
	slices.SortStableFunc(found, func(a, b card.Option) int { return cmp.Compare(rank(a), rank(b)) })
	most := min(q.Most, len(found))
	return found[:most], len(found) - most
}

// list is what there is of one kind, remembered or read.
func (l *Library) list(ctx context.Context, env Environment, pick grammar.Pick, text string) ([]card.Option, error) {
	v := l.open(ctx, env, pick, text)
	select {
	case <-v.done:
		return v.options, v.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// open finds a list that is fresh or on its way; otherwise it begins to read one, and goes on with that when whoever
// asked does not wait for it.
func (l *Library) open(ctx context.Context, env Environment, pick grammar.Pick, text string) *volume {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := env.Name + "\n" + string(pick) + "\n" + text
	if v := l.kept[key]; v != nil && v.fresh(l.now()) {
		return v
	}
	if l.kept == nil || len(l.kept) >= mostKept {
		l.kept = map[string]*volume{}
	}
	v := &volume{done: make(chan struct{})}
	l.kept[key] = v
	l.loads.Go(func() {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadLimit)
		defer cancel()
		defer close(v.done)
		v.options, v.err = l.load(within, env, pick, text)
		if v.err == nil {
			v.until = l.now().Add(freshFor)
		}
	})
	return v
}

// fresh reports whether a list can be used: it is on its way, or not old and no error.
func (v *volume) fresh(now time.Time) bool {
	select {
	case <-v.done:
		return now.Before(v.until)
	default:
		return true
	}
}

func (l *Library) now() time.Time {
	if l.Now != nil {
		return l.Now()
	}
	return time.Now()
}

// Close waits for what is still being read.
func (l *Library) Close() { l.loads.Wait() }

// load reads a list.
func (l *Library) load(ctx context.Context, env Environment, pick grammar.Pick, text string) ([]card.Option, error) {
	t, err := l.Things(env.Name)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", env.Name, err)
	}
	switch pick {
	case grammar.Group:
		return options(ctx, t.Groups, groupOption)
	case grammar.Template:
		return options(ctx, t.Templates, templateOption)
	case grammar.Image:
		return images(ctx, t)
	case grammar.Family:
		return l.families(ctx, env, t)
	case grammar.Instance:
		return options(ctx, func(ctx context.Context) ([]fleet.Instance, error) { return t.FindInstances(ctx, text, mostFromID+1) }, instanceOption)
	case grammar.Member:
		return members(ctx, t, fleet.GroupName(text))
	case grammar.Subnet:
		return options(ctx, func(ctx context.Context) ([]fleet.Subnet, error) { return t.Subnets(ctx) }, subnetOption)
	case grammar.SecurityGroup:
		return options(ctx, func(ctx context.Context) ([]fleet.SecurityGroup, error) { return t.SecurityGroups(ctx) }, securityOption)
	case grammar.TargetGroup:
		return options(ctx, func(ctx context.Context) ([]fleet.TargetGroup, error) { return t.TargetGroups(ctx) }, targetOption)
	case grammar.InstanceType:
		return options(ctx, func(ctx context.Context) ([]string, error) { return t.InstanceTypes(ctx, "") }, wordOption)
	}
	return nil, nil
}

// options reads things and makes options of them, in order of their labels.
func options[T any](ctx context.Context, read func(context.Context) ([]T, error), option func(T) card.Option) ([]card.Option, error) {
	all, err := read(ctx)
	if err != nil {
		return nil, err
	}
	found := make([]card.Option, len(all))
	for i, t := range all {
		found[i] = option(t)
	}
	slices.SortStableFunc(found, func(a, b card.Option) int { return strings.Compare(a.Label, b.Label) })
	return found, nil
}

func wordOption(s string) card.Option { return card.Option{Value: s, Label: s} }

func groupOption(g fleet.Group) card.Option {
	return card.Option{Value: string(g.Name), Label: string(g.Name), About: fmt.Sprintf("%d/%d healthy, %s", healthy(g), g.Desired, templateWords(g.Ref()))}
}

func templateOption(t fleet.Template) card.Option {
	return card.Option{Value: t.Name, Label: t.Name, About: fmt.Sprintf("%s, default v%d, latest v%d", t.ID, t.Default, t.Latest)}
}

func instanceOption(i fleet.Instance) card.Option {
	words := []string{i.State, i.Type, i.Zone, i.PrivateIP}
	words = slices.DeleteFunc(words, func(s string) bool { return s == "" })
	return card.Option{Value: string(i.ID), Label: strings.TrimSpace(i.Name + " " + string(i.ID)), About: strings.Join(words, ", ")}
}

func subnetOption(s fleet.Subnet) card.Option {
	return card.Option{Value: s.ID, Label: strings.TrimSpace(s.Tags["Name"] + " " + s.ID), About: fmt.Sprintf("%s, %d addresses free, %s", s.Zone, s.Free, s.VPC)}
}

func securityOption(s fleet.SecurityGroup) card.Option {
	return card.Option{Value: s.ID, Label: strings.TrimSpace(s.Name + " " + s.ID), About: s.VPC}
}

func targetOption(t fleet.TargetGroup) card.Option {
	return card.Option{Value: t.Name, Label: t.Name, About: strings.TrimSpace(t.Type + " " + t.VPC)}
}

// images are the account's own, the newest first.
func images(ctx context.Context, t Machines) ([]card.Option, error) {
	all, err := t.OwnImages(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b fleet.Image) int { return b.Created.Compare(a.Created) })
	found := make([]card.Option, len(all))
	for i, m := range all {
		about := string(m.ID)
		if !m.Created.IsZero() {
			about += ", " + m.Created.UTC().Format("2006-01-02")
		}
		found[i] = card.Option{Value: string(m.ID), Label: cmp.Or(m.Name, string(m.ID)), About: about}
	}
	return found, nil
}

// families are those that have a golden image, and those that images are tagged with.
func (l *Library) families(ctx context.Context, env Environment, t Machines) ([]card.Option, error) {
	about := map[string]string{}
	all, err := t.OwnImages(ctx)
	if err != nil && l.Goldens == nil {
		return nil, err
	}
	for _, m := range all {
		if name := m.Tags["amiral:family"]; name != "" {
			about[name] = "no golden image yet"
		}
	}
	if l.Goldens != nil {
		golden, err := l.Goldens.All(ctx, env.Name)
		if err != nil {
			return nil, fmt.Errorf("read the golden images: %w", err)
		}
		for _, g := range golden {
			about[g.Family] = "golden: " + cmp.Or(g.Name, string(g.Image))
		}
	}
	var found []card.Option
	for _, name := range slices.Sorted(maps.Keys(about)) {
		found = append(found, card.Option{Value: name, Label: name, About: about[name]})
	}
	return found, nil
}
