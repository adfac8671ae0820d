package awssim

import (
	"fmt"
	"slices"
	"time"
)

// Fleet is what one account has in one region.
type Fleet struct {
	cloud   *Cloud
	account string
	region  string

	instances    map[string]*instance
	images       map[string]*image
	snapshots    map[string]*snapshot
	volumes      map[string]*volume
	templates    map[string]*template
	groups       map[string]*group
	targetGroups map[string]*targetGroup
	balancers    map[string]*balancer
	alarms       map[string]*alarm
	parameters   map[string]*parameter
	tokens       map[string]*replay
	activities   map[string][]*activity // of groups that are gone
	commands     []*command             // oldest first
	script       func(Script) Output
	inventory    map[string]map[string]inventory // by instance and type
	reports      []*usageReport                  // oldest first

	subnets        map[string]*subnet
	securityGroups map[string]*securityGroup
	keys           map[string]keyPair
	profiles       map[string]bool // instance profiles
	encryptionKeys map[string]bool
	mapped         bool // somebody drew the network
	guarded        bool // somebody added security groups

	addresses int
}

func newFleet(c *Cloud, account, region string) *Fleet {
	f := &Fleet{
		cloud:        c,
		account:      account,
		region:       region,
		instances:    map[string]*instance{},
		images:       map[string]*image{},
		snapshots:    map[string]*snapshot{},
		volumes:      map[string]*volume{},
		templates:    map[string]*template{},
		groups:       map[string]*group{},
		targetGroups: map[string]*targetGroup{},
		balancers:    map[string]*balancer{},
		alarms:       map[string]*alarm{},
		parameters:   map[string]*parameter{},
		tokens:       map[string]*replay{},
		activities:   map[string][]*activity{},
		inventory:    map[string]map[string]inventory{},

		subnets:        map[string]*subnet{},
		securityGroups: map[string]*securityGroup{},
		keys:           map[string]keyPair{},
		profiles:       map[string]bool{},
		encryptionKeys: map[string]bool{},
	}
	for _, letter := range []string{"a", "b", "c"} {
		f.addSubnet(f.subnetIn(region+letter), region+letter)
	}
	f.addSecurityGroup(SecurityGroup{ID: defaultSecurityGroup, Name: "default", Description: "default VPC security group",
		Rules: []SecurityRule{{Protocol: "-1", Group: defaultSecurityGroup}}})
	return f
}

// address returns the next private address.
func (f *Fleet) address() string {
	f.addresses++
	return fmt.Sprintf("10.0.%d.%d", f.addresses/250, f.addresses%250+4)
}

func (f *Fleet) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + f.region + ":" + f.account + ":" + resource
}

// fresh tells whether something is too new to be found yet.
func (f *Fleet) fresh(created time.Time) bool {
	return f.cloud.now.Before(created.Add(f.cloud.opts.NotFoundFor))
}

// replay is what a client token brought about.
type replay struct {
	request string
	answer  func() []elem
}

// once answers a repeated client token with the first result, and does the work only for a new one.
func (k *call) once(do func() (func() []elem, error)) ([]elem, error) {
	token := k.p.str("ClientToken")
	key := k.action + "/" + token
	request := k.p.canonical("ClientToken", "DryRun", "Version", "Action")
	if seen := k.fleet.tokens[key]; token != "" && seen != nil {
		if seen.request != request {
			return nil, refuse("IdempotentParameterMismatch",
				"The client token '%s' was used before with other parameters.", token)
		}
		return seen.answer(), nil
	}
	answer, err := do()
	if err != nil {
		return nil, err
	}
	if token != "" {
		k.fleet.tokens[key] = &replay{request, answer}
	}
	return answer(), nil
}

// tagsFrom reads the tags a request puts on new things of one type.
func tagsFrom(p *params, resource string) tags {
	t := tags{}
	for _, specification := range p.list("TagSpecification") {
		if specification.str("ResourceType") != resource {
			continue
		}
		for _, tag := range specification.list("Tag") {
			t[tag.str("Key")] = tag.str("Value")
		}
	}
	return t
}

// elem writes tags in the way of EC2.
func (t tags) elem() elem {
	keys := make([]string, 0, len(t))
	for key := range t {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return set("tagSet", keys, func(key string) []elem {
		return []elem{text("key", key), raw("value", t[key])}
	})
}

// raw is an element with text that is written even when the text is empty.
func raw(name, value string) elem { return elem{name: name, text: value} }
