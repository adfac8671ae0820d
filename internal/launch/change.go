package launch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// material is what people agree to, apart from the wish itself. What it is called, how many addresses are free and how
// long it may take is not in it.
type material struct {
	Environment, Account, Region string
	Source                       string
	Family                       string
	Bake                         string
	Image                        fleet.ImageID
	Template                     Mould
	Shape                        Shape
	Fields                       map[string]string
	Order                        fleet.GroupOrder
}

func (p Plan) material() material {
	m := material{
		Environment: p.Environment, Account: p.Account, Region: p.Region, Source: string(p.Want.Instance), Family: p.Want.Family,
		Image: p.Image, Template: p.Template, Shape: p.Shape, Fields: p.Fields, Order: p.Order,
	}
	if p.Bake != nil {
		m.Bake = fmt.Sprintf("%s of %s, which runs %s", p.Bake.Way, p.Bake.Instance, p.Bake.Source)
	}
	return m
}

// Digest is a fingerprint of what is material in the plan: the same for the same launch, whenever and by whichever
// replica it was planned.
func (p Plan) Digest() string {
	body, err := json.Marshal(p.material())
	if err != nil { // strings, numbers and maps of them always marshal
		return ""
	}
	return fingerprint(string(body))
}

func fingerprint(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// again is the wish with everything that people saw, so that planning once more decides nothing anew.
func (p Plan) again() Want {
	w := p.Want
	w.Min, w.Max, w.Grace, w.Warmup = &p.Order.Min, &p.Order.Max, &p.Order.Grace, &p.Order.Warmup
	w.Subnets = p.Order.Subnets
	if p.Bake != nil {
		w.Bakes, w.Way = p.Bake.Name, p.Bake.Want.Way
	}
	w.Version = max(p.Template.Version, p.Template.Source)
	return w
}

// Change is one thing that is materially not as it was approved.
type Change struct {
	What     string `json:"what"`
	Approved string `json:"approved"`
	Now      string `json:"now"`
}

// Changed tells what is materially different in a plan made now from the same wish. Whatever stops it counts.
func (p Plan) Changed(now Plan) []Change {
	var told []Change
	add := func(what, was, is string) {
		if was != is {
			told = append(told, Change{What: what, Approved: orNone(was), Now: orNone(is)})
		}
	}
	a, b := p.material(), now.material()
	add("Account", a.Account+" "+a.Region, b.Account+" "+b.Region)
	add("Template", a.Template.words(), b.Template.words())
	add("Bake", a.Bake, b.Bake)
	add("Type", a.Shape.Type, b.Shape.Type)
	add("Security groups", strings.Join(a.Shape.SecurityGroups, ", "), strings.Join(b.Shape.SecurityGroups, ", "))
	add("Role", a.Shape.Role, b.Shape.Role)
	add("Key", a.Shape.Key, b.Shape.Key)
	add("User data", a.Shape.UserData, b.Shape.UserData)
	if len(told) == 0 {
		told = otherFields(a.Fields, b.Fields)
	}
	for _, s := range now.Brief().Stops() {
		told = append(told, Change{What: "In the way", Approved: "nothing", Now: s.Text})
	}
	if len(told) == 0 && p.Digest() != now.Digest() {
		told = append(told, Change{What: "Plan", Approved: "as it was read", Now: "different"})
	}
	return told
}

// otherFields tells the fields of the template's source that are not as they were, three at the most.
func otherFields(was, is map[string]string) (told []Change) {
	all := maps.Clone(was)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, is)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if was[name] != is[name] && len(told) < 3 {
			told = append(told, Change{What: name, Approved: orNone(was[name]), Now: orNone(is[name])})
		}
	}
	return told
}

func orNone(s string) string {
	if strings.TrimSpace(s) == "" {
		return "none"
	}
	return s
}

// words names the template as people say it.
func (m Mould) words() string {
	switch {
	case m.ID == "":
		return "a new template " + m.Name
	case m.Version > 0:
		return fmt.Sprintf("version %d of %s", m.Version, m.Name)
	}
	return fmt.Sprintf("a new version of %s made from %d", m.Name, m.Source)
}

// sentencesOf tells the changes one after another.
func sentencesOf(changed []Change) string {
	words := make([]string, len(changed))
	for i, c := range changed {
		words[i] = say.Closed(fmt.Sprintf("%s: %s, approved was %s", c.What, strings.TrimSuffix(c.Now, "."), strings.TrimSuffix(c.Approved, ".")))
	}
	return strings.Join(words, " ")
}
