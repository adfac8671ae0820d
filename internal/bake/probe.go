package bake

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/amiral-ops/amiral/internal/baseline"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

const (
	probeFor  = 5 * time.Minute  // a script may run
	answerFor = 10 * time.Minute // until it is not waited for any longer
	probeLook = 5 * time.Second
)

// manifest writes down what is on the machine, just before the image is made. It is never in the way of the image: what
// cannot be had is noted with its reason.
func (r *run) manifest(ctx context.Context) (engine.Outcome, error) {
	if r.data.Cancelled {
		return engine.To(stepUndo), nil
	}
	if r.data.Draft == "" {
		r.data.Draft = string(r.turn.ID) + "-" + r.turn.Token("manifest")[:8]
	}
	m, err := r.work.Baselines.Kept(ctx, r.data.Draft)
	if err != nil {
		return engine.Outcome{}, err
	}
	if err := r.begin(ctx, &m); err != nil {
		return engine.Outcome{}, err
	}
	waiting := false
	for _, part := range baseline.Scripts() {
		if r.data.Probes[part].Done {
			continue
		}
		if err := r.probe(ctx, &m, part); err != nil {
			return engine.Outcome{}, err
		}
		waiting = waiting || !r.data.Probes[part].Done
	}
	if err := r.work.Baselines.Keep(ctx, r.data.Draft, m); err != nil {
		return engine.Outcome{}, err
	}
	if waiting {
		return engine.Outcome{In: min(r.poll, probeLook)}, nil
	}
	return r.captured(m), nil
}

// begin notes what is known before any script was sent.
func (r *run) begin(ctx context.Context, m *baseline.Manifest) error {
	if r.data.Probes != nil {
		return nil
	}
	r.data.Probes = map[baseline.Part]Probe{}
	m.Instance, m.At = r.machine(), r.now
	if err := r.rules(ctx, m); err != nil {
		return err
	}
	if len(r.work.Files) == 0 {
		r.without(m, baseline.Files, "no files are named in the configuration (images: files)")
	}
	if !r.plan.Managed {
		for _, part := range baseline.Scripts() {
			r.without(m, part, r.plan.NoManifest)
		}
	}
	return nil
}

// without notes that a script's part cannot be had.
func (r *run) without(m *baseline.Manifest, part baseline.Part, why string) {
	m.Lacks(why, part)
	if part == baseline.Services {
		m.Lacks(why, baseline.Firewall)
	}
	r.data.Probes[part] = Probe{Done: true}
}

// rules reads the rules of the machine's security groups.
func (r *run) rules(ctx context.Context, m *baseline.Manifest) error {
	i, err := r.fleet.Instance(ctx, r.machine())
	if err != nil && fleet.KindOf(err) == fleet.Absent {
		return fault.New(fault.Conflict, "The instance %s is gone.", r.machine())
	}
	if err != nil {
		return fmt.Errorf("read instance %s: %w", r.machine(), err)
	}
	if len(i.SecurityGroups) == 0 {
		m.Lacks(fmt.Sprintf("%s has no security group", i.ID), baseline.Rules)
		return nil
	}
	rules, err := r.fleet.Rules(ctx, i.SecurityGroups...)
	switch {
	case err != nil && (definite(err) || r.turn.Attempt >= attempts):
		m.Lacks("AWS does not let me read them: "+say.AWS(err), baseline.Rules)
	case err != nil:
		return fmt.Errorf("read the rules of %s: %w", strings.Join(i.SecurityGroups, ", "), err)
	default:
		m.Add(baseline.Manifest{Rules: rules})
	}
	return nil
}

// probe sends the script for a part, or reads what it found.
func (r *run) probe(ctx context.Context, m *baseline.Manifest, part baseline.Part) error {
	if r.data.Probes[part].Command == "" {
		return r.send(ctx, m, part)
	}
	out, err := r.fleet.Output(ctx, r.data.Probes[part].Command, r.machine())
	switch {
	case err != nil && (definite(err) || r.turn.Attempt >= attempts):
		r.without(m, part, "AWS does not let me read the answer: "+say.AWS(err))
	case err != nil:
		return fmt.Errorf("read what %s answered: %w", r.machine(), err)
	case out.Status == "Success":
		r.read(m, part, out)
	case out.Over():
		r.without(m, part, failure(out))
	case r.waited() > answerFor:
		r.without(m, part, fmt.Sprintf("%s did not answer within %s", r.machine(), card.Span(answerFor)))
	}
	return nil
}

// send sends a script once: one that an earlier attempt sent is found by its comment.
func (r *run) send(ctx context.Context, m *baseline.Manifest, part baseline.Part) error {
	comment := fmt.Sprintf("amiral %s %s %s", r.turn.ID, part, r.turn.Token("probe/" + string(part))[:8])
	command, found, err := r.fleet.FindRun(ctx, comment, cmp.Or(r.turn.Started, r.now).Add(-time.Minute))
	if err == nil && !found {
		command, err = r.fleet.Run(ctx, fleet.Script{Instances: []fleet.InstanceID{r.machine()},
			Commands: baseline.Script(part, r.work.Files), Comment: comment, Timeout: probeFor})
	}
	switch {
	case err != nil && (definite(err) || fleet.KindOf(err) == fleet.Absent || r.turn.Attempt >= attempts):
		r.without(m, part, "AWS would not run a script there: "+say.AWS(err))
	case err != nil:
		return fmt.Errorf("ask %s about its %s: %w", r.machine(), part, err)
	default:
		r.data.Probes[part] = Probe{Command: command}
	}
	return nil
}

func (r *run) read(m *baseline.Manifest, part baseline.Part, out fleet.Output) {
	found, err := baseline.Parse(part, out.Stdout)
	if f, ok := fault.As(err); ok {
		r.without(m, part, f.Text)
		return
	}
	m.Add(found)
	r.data.Probes[part] = Probe{Command: r.data.Probes[part].Command, Done: true}
}

// failure is why a script did not succeed.
func failure(out fleet.Output) string {
	why := fmt.Sprintf("the script ended as %s", cmp.Or(out.Detail, out.Status))
	if line, _, _ := strings.Cut(strings.TrimSpace(out.Stderr), "\n"); line != "" {
		why += ": " + string([]rune(line)[:min(len([]rune(line)), 200)])
	}
	return why
}

// captured goes on to the image, and tells what was found.
func (r *run) captured(m baseline.Manifest) engine.Outcome {
	r.data.Asking = true
	r.learn(m)
	if why, absent := m.Absent(); absent {
		return say.Told(stepImage, card.Warning, "There is %s. The image is made nevertheless.", why)
	}
	words := say.Phrase("Written down: %s", m.Words())
	for _, p := range baseline.Parts() {
		if why := m.Missing[p]; why != "" {
			words += say.Phrase("; of its %s, %s", string(p), why)
		}
	}
	return engine.Outcome{Step: stepImage, Tone: string(card.Working), Line: string(say.Closed(string(words)))}
}

// learn notes of a manifest what cards show.
func (r *run) learn(m baseline.Manifest) {
	r.data.Digest, r.data.Found, r.data.Lacks = m.Digest(), m.Words(), m.Missing
}

// keep stores the manifest for the image and each copy there is.
func (r *run) keep(ctx context.Context, environment string, image fleet.ImageID) error {
	m, err := r.work.Baselines.Kept(ctx, r.data.Draft)
	if err != nil {
		return err
	}
	if m.Instance == "" { // it was forgotten: the operation stood for very long
		m.Instance, m.At = r.machine(), r.now
		m.Lacks("what was written down was lost before the image was there", baseline.Parts()...)
		r.learn(m)
	}
	m.Image = image
	return r.work.Baselines.Put(ctx, environment, m)
}
