package commands

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// pool is a region with groups.
type pool struct {
	*region
	broken bool // what is read of groups cannot be read
}

func (p *pool) Groups(context.Context) ([]fleet.Group, error) {
	if p.broken {
		return nil, errors.New("no")
	}
	return []fleet.Group{{Name: "web", Instances: []fleet.Member{
		{ID: "i-web1", Lifecycle: "InService"}, {ID: "i-web2", Lifecycle: "Standby", Protected: true},
	}}}, nil
}

func (p *pool) InstancesOf(_ context.Context, groups ...fleet.GroupName) ([]fleet.Instance, error) {
	if p.broken {
		return nil, errors.New("no")
	}
	return slices.DeleteFunc(slices.Clone(p.machines), func(i fleet.Instance) bool { return !slices.Contains(groups, i.Group) }), nil
}

// pooled is a desk that searches a pool: one server beside two of web and one of api.
func pooled(t *testing.T) (*Desk, *pool) {
	w := formed(t)
	p := &pool{region: &region{machines: []fleet.Instance{
		{ID: "i-alone", Name: "a web server", State: "running"}, {ID: "i-api1", Name: "api", Group: "api"},
		{ID: "i-web1", Name: "web", Group: "web", State: "running"}, {ID: "i-web2", Name: "web", Group: "web"},
	}}}
	book, err := NewBook(w.asg.Commands()...)
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Book = book
	w.desk.Finder = &Library{Settings: settings(), Things: func(string) (Things, error) { return p, nil }}
	return w.desk, p
}

// offers are the ids that a search offers, and what is said of them.
func offers(d *Desk, s Search) (ids, about string) {
	s.Actor, s.Channel = dev, "CDEPLOYS"
	var all, said []string
	for _, o := range d.Suggest(context.Background(), s).Options {
		all, said = append(all, o.Value), append(said, o.About)
	}
	return strings.Join(all, " "), strings.Join(said, "; ")
}

func TestInstancesOfTheGroupInTheFormAreOffered(t *testing.T) {
	for _, c := range []struct {
		search Search
		ids    string
	}{
		{Search{Command: "/asg replace web", Input: "instance"}, "i-web1 i-web2"},
		{Search{Command: "/asg replace web", Input: "instance", Values: map[string]string{"group": "api"}}, "i-api1"},
		{Search{Command: "/asg standby enter", Input: "instance", Values: map[string]string{"group": "web"}}, "i-web1 i-web2"},
		{Search{Command: "/asg standby exit web", Input: "instance", Text: "standby"}, "i-web2 standby"},
		{Search{Command: "/asg protect web", Input: "instance", Values: map[string]string{"group": ""}}, "i-alone i-api1 i-web1 i-web2"},
		{Search{Command: "/asg unprotect web", Input: "instance", Text: "i-alone"}, "i-alone"}, // as it is written
		{Search{Command: "/asg patch web", Input: "--from"}, "i-web1 i-web2 i-alone i-api1"},
		{Search{Command: "/asg patch", Input: "--from", Values: map[string]string{"group": "api"}}, "i-api1 i-alone i-web1 i-web2"},
		{Search{Command: "/asg patch", Input: "--from"}, "i-alone i-api1 i-web1 i-web2"},
		{Search{Command: "/asg patch web", Input: "--from", Text: "web"}, "i-web1 i-web2 i-alone web"},
		{Search{Command: "/asg replace gone", Input: "instance"}, "?"},
	} {
		d, _ := pooled(t)
		if got, _ := offers(d, c.search); got != c.ids {
			t.Errorf("%+v: got %s, want %s", c.search, got, c.ids)
		}
	}
}

func TestWhatItsGroupSaysOfAnInstanceIsSaid(t *testing.T) {
	d, p := pooled(t)
	if _, got := offers(d, Search{Command: "/asg standby exit web", Input: "instance"}); got != "running; Standby, protected" {
		t.Errorf("got %q", got)
	}
	d, p = pooled(t)
	p.broken = true
	if got, _ := offers(d, Search{Command: "/asg patch web", Input: "--from"}); got != "i-alone i-api1 i-web1 i-web2" {
		t.Errorf("got %s, want all others though the group cannot be read", got)
	}
	if got, _ := offers(d, Search{Command: "/asg replace web", Input: "instance"}); got != "?" {
		t.Errorf("got %s, want none of another group", got)
	}
}

func TestAMemberIsNotHiddenByManyOthers(t *testing.T) {
	_, p := pooled(t)
	l := &Library{Settings: settings(), Things: func(string) (Things, error) { return p, nil }}
	all, more, err := l.Find(t.Context(), Query{Environment: "production", Pick: grammar.Instance, Group: "web", Most: 3})
	if err != nil || len(all) != 3 || all[0].Value != "i-web1" || all[1].Value != "i-web2" || more >= 0 {
		t.Errorf("got %v, %d more and %v", all, more, err)
	}
}
