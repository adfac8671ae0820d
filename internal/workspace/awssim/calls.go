package awssim

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Call is one request that was answered, or lost.
type Call struct {
	Time        time.Time         `json:"time"`
	Account     string            `json:"account"`
	Region      string            `json:"region"`
	Service     string            `json:"service"`
	Action      string            `json:"action"`
	Params      map[string]string `json:"params"`
	Caller      string            `json:"caller"`
	Error       string            `json:"error,omitempty"`
	ClientToken string            `json:"client_token,omitempty"`
}

// keptCalls is how many calls are remembered; counters go on for ever.
const keptCalls = 10_000

// record remembers a call and its outcome.
func (c *Cloud) record(k *call, failure *apiError) {
	made := Call{
		Time:        c.now,
		Account:     k.caller.account,
		Region:      k.fleet.region,
		Service:     string(k.service),
		Action:      k.action,
		Params:      k.p.flat(),
		Caller:      k.caller.arn,
		ClientToken: k.p.str("ClientToken"),
	}
	if failure != nil {
		made.Error = failure.code
	}
	c.calls = append(c.calls, made)
	if len(c.calls) > keptCalls {
		c.calls = slices.Delete(c.calls, 0, len(c.calls)-keptCalls)
	}
	c.counts[made.Service+":"+made.Action]++
}

// flat returns the tree as dotted names and values, without what every request carries.
func (p *params) flat() map[string]string {
	all := map[string]string{}
	p.flatten("", all)
	delete(all, "Action")
	delete(all, "Version")
	return all
}

func (p *params) flatten(path string, into map[string]string) {
	if p.set {
		into[path] = p.value
	}
	for name, kid := range p.kids {
		kid.flatten(strings.TrimPrefix(path+"."+name, "."), into)
	}
}

// Calls returns the calls made so far, oldest first, those that failed included.
func (c *Cloud) Calls() []Call {
	defer c.lock()()
	return slices.Clone(c.calls)
}

// Counts returns how often each action was called, by names such as "ec2:RunInstances".
func (c *Cloud) Counts() map[string]int {
	defer c.lock()()
	return maps.Clone(c.counts)
}

// ResetCalls forgets calls and counters.
func (c *Cloud) ResetCalls() {
	defer c.lock()()
	c.calls, c.counts = nil, map[string]int{}
}

// Calls returns the calls that this fleet received.
func (f *Fleet) Calls() []Call {
	return slices.DeleteFunc(f.cloud.Calls(), func(made Call) bool {
		return made.Account != f.account || made.Region != f.region
	})
}
