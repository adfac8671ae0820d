package commands

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/audit"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// Trail reads the audit. *audit.Log is one.
type Trail interface {
	// Of returns the events of one operation, oldest first.
	Of(ctx context.Context, op string) ([]audit.Event, error)
}

// auditing is the command that tells one operation's story.
func (o *Ops) auditing(op grammar.Arg) Command {
	return Command{
		Path: []string{home, "audit"}, Summary: "Tell the story of one operation, as the audit has it.",
		Example: "/amiral audit op-7f3k", ReadOnly: true, Run: o.audit, Args: []grammar.Arg{op},
	}
}

// mostEvents is how many events are shown: the first few and the last ones.
const (
	mostEvents  = 40
	firstEvents = 8
	eventPart   = 5 // in one paragraph
)

func (o *Ops) audit(ctx context.Context, c *Call) (Result, error) {
	word := strings.ToLower(c.Words.Arg("operation"))
	rec, missing := find(ctx, o.Records, word)
	id := rec.ID
	if missing != nil {
		id = ledger.ID(word) // the audit may remember what is gone
	}
	events, err := o.Trail.Of(ctx, string(id))
	if err != nil {
		return Result{}, unread("read the audit of "+string(id), err)
	}
	if len(events) == 0 && missing != nil {
		return Result{}, missing
	}
	k := card.Card{Title: "Audit · " + otherwise(rec.Title, string(id)), Summary: count(len(events), "entry") + " of " + string(id)}
	if len(events) == 0 {
		k.Sections = []card.Section{card.Para(card.T("The audit has no entry of it any more."))}
		return reply(k), nil
	}
	k.Summary = "The story of " + otherwise(rec.Title, string(id)) + "."
	last := events[len(events)-1]
	news := news(events)
	k.Sections = story(news, otherwise(rec.Title, events[0].What))
	k.Foot = []card.Text{card.Join(card.T("Operation "), card.Code(string(id)), card.T(" · entry %d, ", last.N), card.Code(short8(last.Hash)))}
	if dull := len(events) - len(news); dull > 0 {
		k.Foot = append(k.Foot, card.Join(card.T("Left out: %s without news; ", count(dull, "step")), card.Code("amiral audit export"), card.T(" has them.")))
	}
	return reply(k), nil
}

// news are the events with what each repeats of the one before left out, and without those that leave nothing.
func news(events []audit.Event) []audit.Event {
	var all []audit.Event
	var last audit.Event
	command := ""
	for _, e := range events {
		now := e
		now.Fields = maps.Clone(e.Fields)
		if e.Fields["command"] == command {
			delete(now.Fields, "command")
		}
		if e.Outcome == last.Outcome || e.Outcome == e.Kind {
			now.Outcome = ""
		}
		if e.Link == last.Link && e.Link != "" || e.Link == "" && e.Channel == last.Channel {
			now.Link, now.Channel = "", ""
		}
		last, command = e, otherwise(e.Fields["command"], command)
		if bookkeeping := e.Kind == "step" || e.Kind == "posted"; !bookkeeping || now.Outcome != "" {
			all = append(all, now)
		}
	}
	return all
}

// deeds are what happened, where the audit's own word for it says less.
var deeds = map[string]string{
	"proposed": "asked", "glass": "glass broken", "approved": "quorum reached",
	"counted": "counts again", "uncounted": "counts no more", "widened": "approved the rest", "held": "held back",
}

// story draws events, the first ones and the last ones where they are many. title is what most are about.
func story(events []audit.Event, title string) []card.Section {
	var lines []card.Text
	hidden := max(0, len(events)-mostEvents)
	for i, e := range events {
		switch {
		case hidden > 0 && i == firstEvents:
			lines = append(lines, card.T("… %d more …", hidden))
		case hidden > 0 && i > firstEvents && i < firstEvents+hidden:
			continue
		}
		if hidden == 0 || i < firstEvents || i >= firstEvents+hidden {
			lines = append(lines, event(e, title))
		}
	}
	var all []card.Section
	for part := range slices.Chunk(lines, eventPart) {
		all = append(all, card.Para(stacked(part)))
	}
	return all
}

// event is one entry in a line: when, what, who, what came of it, where, and with which words.
func event(e audit.Event, title string) card.Text {
	t := card.Join(card.When(e.At), card.T(" "), card.Text{{Bold: otherwise(deeds[e.Kind], e.Kind)}})
	if e.Who.User != "" {
		t = card.Join(t, card.T(" by "), card.User(e.Who.User))
	}
	what := e.Fields["choice"] + e.Fields["signal"]
	if what == "" && e.What != title {
		what = e.What
	}
	if what != "" {
		t = append(t, card.Part{Plain: " · " + what})
	}
	if e.Outcome != "" {
		t = card.Join(t, card.T(" · "), retold(short(e.Outcome, 200)))
	}
	for _, name := range []string{"command", "reason", "break_glass", "rule", "via"} {
		if v := e.Fields[name]; v != "" {
			t = append(t, card.Part{Plain: " · " + strings.ReplaceAll(name, "_", " ") + ": " + short(v, 200)})
		}
	}
	if e.Policy != "" && e.Kind == "proposed" {
		t = card.Join(t, card.T(" · policy "), card.Code(short8(e.Policy)))
	}
	return card.Join(t, place(e))
}

// place is where something happened: a link to it, or else its channel.
func place(e audit.Event) card.Text {
	switch {
	case e.Link != "":
		return card.Text{{Plain: " · "}, {Link: &card.Link{URL: e.Link, Label: "there"}}}
	case e.Channel != "":
		return card.Text{{Plain: " · "}, {Channel: e.Channel}}
	}
	return nil
}
