package story

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Player plays stories in one workspace.
type Player struct {
	Page     string                      // the workspace's address
	Patience time.Duration               // of a look; 15s when zero
	Pace     time.Duration               // rest after each deed, for an audience
	Crash    func(context.Context) error // kills the bot and starts it again; nil: stories with a crash fail
	// Command runs amiral's own command line as an operator known by a login name, and returns what it printed.
	Command func(ctx context.Context, login string, args []string) (string, error)
	// Verify checks the whole record of what was done, and fails where it was tampered with.
	Verify func(context.Context) error
	Log    io.Writer // what is played; nil: nothing

	client client
	people map[string]string // ids by name
	homes  map[string]bool   // whose Home tab is open
	notes  map[string]string // what was remembered, by name
	output string            // of the last command
	began  time.Time
}

// step plays one line; a look returns an error until it sees what it looks for.
type step func(p *Player, ctx context.Context, words []string) error

type verb struct {
	play  step
	look  bool // tried until it succeeds
	min   int  // words it needs
	first step // done once before; may be nil
}

// deeds are done once, or until they can be done.
var deeds = map[string]verb{
	"slash": {play: (*Player).slash, min: 3}, "say": {play: (*Player).say, min: 3},
	"reply": {play: (*Player).reply, look: true, min: 3}, "click": {play: (*Player).click, look: true, min: 2},
	"choose": {play: (*Player).choose, look: true, min: 2}, "submit": {play: (*Player).submit, look: true, min: 1},
	"close": {play: (*Player).closeForm, look: true, min: 1},
	"join":  {play: (*Player).join, min: 2}, "leave": {play: (*Player).leave, min: 2},
	"clock": {play: (*Player).clock, min: 1}, "fault": {play: (*Player).fault, min: 2}, "heal": {play: (*Player).heal, min: 1},
	"alarm": {play: (*Player).alarm, min: 2}, "sockets": {play: (*Player).sockets, min: 1},
	"slack": {play: (*Player).slack, min: 1}, "redis": {play: (*Player).redis, min: 1}, "crash": {play: (*Player).crash},
	"cli": {play: (*Player).cli, min: 2}, "nocli": {play: (*Player).nocli, min: 2}, "verify": {play: (*Player).verify},
	"ssh": {play: (*Player).ssh, min: 2}, "note": {play: (*Player).note, look: true, min: 3},
}

// looks are tried until they see what they look for.
var looks = map[string]verb{
	"card": {play: (*Player).card, min: 2}, "line": {play: (*Player).line, min: 2}, "lines": {play: (*Player).lines, min: 3},
	"whisper": {play: (*Player).whisper, min: 2}, "dm": {play: (*Player).dm, min: 2}, "dms": {play: (*Player).dms, min: 3},
	"home":  {play: (*Player).home, min: 2, first: (*Player).openHome},
	"modal": {play: (*Player).modal, min: 2}, "nomodal": {play: (*Player).noModal, min: 1},
	"reaction": {play: (*Player).reaction, min: 2}, "count": {play: (*Player).count, min: 3}, "out": {play: (*Player).out, min: 1},
	"group": {play: (*Player).group, min: 3}, "refresh": {play: (*Player).refresh, min: 2},
	"image": {play: (*Player).imageIs, min: 2}, "images": {play: (*Player).images, min: 2}, "template": {play: (*Player).template, min: 2},
	"parameter": {play: (*Player).parameter, min: 2}, "online": {play: (*Player).online, min: 1},
}

func verbOf(name string) (verb, bool) {
	if v, ok := looks[name]; ok {
		v.look = true
		return v, true
	}
	v, ok := deeds[name]
	return v, ok
}

// Play plays a story to its end, or to the first line that does not come true.
func (p *Player) Play(ctx context.Context, s Story) error {
	p.client = client{base: p.Page, http: &http.Client{Timeout: 30 * time.Second}}
	defer p.client.http.CloseIdleConnections()
	w, err := p.client.see(ctx, "")
	if err != nil {
		return fmt.Errorf("the workspace does not answer: %w", err)
	}
	p.people, p.homes, p.notes, p.output = map[string]string{}, map[string]bool{}, map[string]string{}, ""
	for _, u := range w.Users {
		p.people[u.Name] = u.ID
	}
	p.began = time.Now()
	for _, l := range s.Lines {
		if err := p.playLine(ctx, l); err != nil {
			return fmt.Errorf("%s, line %d: %s: %w", s.Name, l.Number, l.Text, err)
		}
	}
	return nil
}

func (p *Player) playLine(ctx context.Context, l Line) error {
	v, _ := verbOf(l.Verb)
	if len(l.Words) < v.min {
		return fmt.Errorf("needs %d words behind the verb", v.min)
	}
	said := p.recall(l.Words)
	if p.Log != nil {
		_, _ = fmt.Fprintf(p.Log, "%7.1fs  %s\n", time.Since(p.began).Seconds(), l.Text)
	}
	if v.first != nil {
		if err := v.first(p, ctx, said); err != nil {
			return err
		}
	}
	if err := p.try(ctx, v, said); err != nil {
		return err
	}
	return rest(ctx, p.Pace)
}

// try plays a step, again and again until it succeeds if it is a look.
func (p *Player) try(ctx context.Context, v verb, said []string) error {
	for end := time.Now().Add(cmp.Or(p.Patience, 15*time.Second)); ; {
		err := v.play(p, ctx, said)
		if err == nil || !v.look {
			return err
		}
		if time.Now().After(end) {
			return err
		}
		if err := rest(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
