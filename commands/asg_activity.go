package commands

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// failedFlag is the flag by which only failures are wanted.
const failedFlag = "failed"

// activity tells what a group has done by itself, and why.
func (a *ASG) activity(ctx context.Context, c *Call) (Result, error) {
	env, f, err := a.within(c)
	if err != nil {
		return Result{}, err
	}
	name := c.Words.Arg("group")
	all, err := f.Activities(ctx, fleet.GroupName(name), time.Time{})
	if err != nil {
		if _, gone := a.group(ctx, f, env, name); gone != nil {
			return Result{}, gone
		}
		return Result{}, fmt.Errorf("read the activities of %s: %w", name, err)
	}
	failed := c.Words.Bool(failedFlag)
	deeds := deedsOf(all, failed)
	what := pick(failed, "failure", "activity")
	k := card.Card{Title: "What " + name + " did", Summary: fmt.Sprintf("%s in six weeks on %s in %s.", plenty(len(all), what, deeds), name, env.Name)}
	k.Buttons = activityButtons(env, name, failed)
	k.Foot = []card.Text{card.T("%s · %s. AWS remembers six weeks; the last %d are read.", env.Name, env.Region, mostActivities)}
	if len(deeds) == 0 {
		k.Sections = []card.Section{card.Para(card.T("%s", k.Summary))}
		return reply(k), nil
	}
	from, to, pages := pageOf(c, len(deeds))
	k.Sections = []card.Section{deedTable(deeds[from:to])}
	if pages.Text != nil {
		k.Sections = append(k.Sections, pages)
	}
	return reply(k), nil
}

// mostActivities is how many the cloud's reader reads at most.
const mostActivities = 500

func plenty(total int, what string, deeds []deedRow) string {
	if what == "activity" {
		return pick(total == 1, "1 activity", fmt.Sprintf("%d activities", total))
	}
	n := 0
	for _, d := range deeds {
		n += d.times
	}
	return count(n, what)
}

func activityButtons(env Environment, name string, failed bool) []card.Button {
	quoted := grammar.Quote(name)
	other := card.Run("Failures only", runIn(env, "/asg activity %s --failed", quoted))
	if failed {
		other = card.Run("Everything", runIn(env, "/asg activity %s", quoted))
	}
	return []card.Button{other, card.Run("Show "+short(name, 40), runIn(env, "/asg show %s", quoted))}
}

// deedKey is what makes two deeds the same.
type deedKey struct{ verb, state, why string }

// deedRow is one thing that a group did, or the same thing several times.
type deedRow struct {
	deedKey
	subject string    // the instance, where it is one
	at      time.Time // when it last began
	first   time.Time // when it first did
	times   int
	percent int
}

// deedsOf are what a group did, newest first. Failures that repeat stand once, with the last of them; of all else only
// what follows upon itself.
func deedsOf(all []fleet.Activity, failed bool) []deedRow {
	var list []deedRow
	seen := map[deedKey]int{}
	for _, a := range all {
		if failed && a.Status != "Failed" {
			continue
		}
		d := deedOf(a)
		i, known := seen[d.deedKey]
		if known && (a.Status == "Failed" || i == len(list)-1) && a.Status != "InProgress" {
			list[i].times++
			list[i].first = a.Started
			continue
		}
		seen[d.deedKey] = len(list)
		list = append(list, d)
	}
	return list
}

func deedOf(a fleet.Activity) deedRow {
	verb, subject := verbOf(a.Description)
	d := deedRow{deedKey: deedKey{verb: verb, why: causeOf(a.Cause)}, subject: subject, at: a.Started, first: a.Started, times: 1}
	switch a.Status {
	case "Successful":
	case "Failed":
		d.state, d.why = "failed", "AWS says: "+short(a.Message, 400)
		if a.Message == "" {
			d.why = causeOf(a.Cause)
		}
	case "Cancelled":
		d.state = "cancelled"
	default:
		d.state = fmt.Sprintf("%d %%", a.Percent)
		if a.Status != "InProgress" && a.Status != "PreInService" {
			d.state += ", " + a.Status
		}
		if a.Message != "" {
			d.why = "AWS says: " + short(a.Message, 400)
		}
	}
	return d
}

// verbOf is what a description says was done, and with which instance.
func verbOf(description string) (verb, instance string) {
	words, _, _ := strings.Cut(description, "Status Reason:")
	words = strings.TrimRight(strings.TrimSpace(words), ".")
	if i := regexp.MustCompile(`:?\s*(i-[0-9a-f]+)$`).FindStringSubmatchIndex(words); i != nil {
		words, instance = words[:i[0]], words[i[2]:i[3]]
	}
	for said, short := range map[string]string{
		"Launching a new EC2 instance": "Launch", "Terminating EC2 instance": "Terminate", "Moving EC2 instance to Standby": "Into standby",
		"Moving EC2 instance out of Standby": "Out of standby", "Detaching EC2 instance": "Detach", "Attaching an existing EC2 instance": "Attach",
	} {
		if strings.EqualFold(words, said) {
			return short, instance
		}
	}
	return short(words, 80), instance
}

// causeOf is the part of an activity's cause that tells: without the times, which stand beside it, and without what is
// said of every launch and every termination where something else is said, too.
func causeOf(cause string) string {
	var telling, plain []string
	for _, s := range regexp.MustCompile(`(?:^|\s+)At \d{4}-\d\d-\d\dT[\d:]+Z,?\s+`).Split(cause, -1) {
		s = strings.TrimRight(strings.TrimSpace(s), ".")
		if s == "" || strings.HasSuffix(s, "was selected for termination") {
			continue
		}
		s = regexp.MustCompile(`^an instance was (started|launched|taken out of service) in response to (an? )?`).ReplaceAllString(s, "")
		if strings.HasPrefix(s, "difference between desired and actual capacity") {
			plain = append(plain, regexp.MustCompile(`.*capacity from (\d+) to (\d+).*`).ReplaceAllString(s, "capacity $1 → $2"))
			continue
		}
		telling = append(telling, s)
	}
	if len(telling) == 0 {
		telling = plain
	}
	return short(strings.Join(telling, "; "), 200)
}

func deedTable(deeds []deedRow) card.Section {
	table := card.Table{Columns: []card.Column{{Label: "When"}, {Label: "What"}, {Label: "Why"}}}
	for _, d := range deeds {
		table.Rows = append(table.Rows, []card.Text{d.when(), d.what(), card.T("%s", otherwise(d.why, "–"))})
	}
	return card.Section{Table: &table}
}

func (d deedRow) when() card.Text {
	if d.times == 1 {
		return card.When(d.at)
	}
	return card.Join(card.When(d.at), card.T(", first "), card.When(d.first))
}

func (d deedRow) what() card.Text {
	t := card.Text{{Bold: d.verb}}
	switch {
	case d.times > 1:
		t = append(t, card.Part{Plain: fmt.Sprintf(" ×%d", d.times)})
	case d.subject != "":
		t = append(t, card.Part{Plain: " "}, card.Part{Code: d.subject})
	}
	if d.state != "" {
		t = append(t, card.Part{Plain: ", " + d.state})
	}
	return t
}
